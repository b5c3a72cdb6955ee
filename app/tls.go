package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"portico/app/config"
)

// tlsConfig gives the certificate to serve with: the files of PORTICO_TLS_CERT and _KEY, the local
// authority's (PORTICO_TLS=local), or none because TLS ends at a proxy.
func (p *program) tlsConfig() (*tls.Config, error) {
	c := p.config
	switch {
	case c.TLSCert != "":
		cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("PORTICO_TLS_CERT, PORTICO_TLS_KEY: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
	case c.TLS == "local":
		cert, err := localCertificate(config.DataDir, p.now())
		if err != nil {
			return nil, fmt.Errorf("PORTICO_TLS=local: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
	}
	return nil, nil
}

// localRoots are the system's authorities and, in development, the one of this machine: whatever this
// server serves with, its own outgoing calls accept.
func (p *program) localRoots() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	files := []string{p.config.TLSCert}
	if p.config.Development() {
		files = append(files, filepath.Join(config.DataDir, "ca.pem"))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if file == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		pool.AppendCertsFromPEM(text)
	}
	return pool, nil
}

// localCertificate makes, once, an authority of this machine (ca.pem, which browsers and clients may
// be told to trust; ca.key, which never leaves) and a certificate for localhost signed by it. The
// authority may sign for localhost only, so its key is of no use for anything else.
func localCertificate(dir string, now time.Time) (tls.Certificate, error) {
	leaf, key := filepath.Join(dir, "localhost.pem"), filepath.Join(dir, "localhost.key")
	if cert, err := tls.LoadX509KeyPair(leaf, key); err == nil && cert.Leaf != nil && now.Before(cert.Leaf.NotAfter.AddDate(0, 0, -30)) {
		return cert, nil
	}
	ca, caKey, err := localAuthority(dir, now)
	if err != nil {
		return tls.Certificate{}, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, ca, &leafKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := writePair(leaf, der, key, leafKey); err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(leaf, key)
}

func localAuthority(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && now.Before(pair.Leaf.NotAfter.AddDate(-1, 0, 0)) {
		if key, ok := pair.PrivateKey.(*ecdsa.PrivateKey); ok {
			return pair.Leaf, key, nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	loopback4 := &net.IPNet{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}
	loopback6 := &net.IPNet{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Portico local development authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{loopback4, loopback6},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	if err := writePair(certFile, der, keyFile, key); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

func writePair(certFile string, der []byte, keyFile string, key *ecdsa.PrivateKey) error {
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func serial() *big.Int {
	return new(big.Int).SetBytes(randomBytes(16))
}
