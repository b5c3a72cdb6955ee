// Command extension is an example of an API behind a custom authentication extension: it checks who calls, and answers
// every event. It is one file that needs nothing of Portico's own code: copy it. Run it beside Portico and set it up as
// app/docs/extensions.md says:
//
//	go run ./app/docs/examples/extension -issuer http://localhost:3000/{tenant id}/v2.0 -audience {app id} -secret {signing secret} -key private-key.pem
package main

import (
	"context"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// eventService is the app that calls, whatever the tenant.
const eventService = "99045fe1-7639-4a75-9d4a-577b6ca3810f"

type api struct {
	tokens *oidc.IDTokenVerifier
	secret []byte
	key    *rsa.PrivateKey   // of the certificate of this API's registration; nil = it cannot read passwords
	former map[string]string // what stands here for the system that people move from: passwords by user name
}

// event is what of a payload this example reads.
type event struct {
	Type string `json:"type"`
	Data struct {
		Context struct {
			User struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"authenticationContext"`
		SignUp struct {
			Attributes map[string]struct {
				Value any `json:"value"`
			} `json:"attributes"`
		} `json:"userSignUpInfo"`
		OTP struct {
			Identifier string `json:"identifier"`
			Code       string `json:"oneTimeCode"`
		} `json:"otpContext"`
		Encrypted string `json:"encryptedPasswordContext"`
	} `json:"data"`
}

func main() {
	listen := flag.String("listen", "localhost:4000", "where to listen")
	issuer := flag.String("issuer", "", "issuer of the tenant, as its portal shows it")
	audience := flag.String("audience", "", "app id of the registration that stands for this API")
	secret := flag.String("secret", "", "signing secret; empty when the extension does not sign")
	keyFile := flag.String("key", "", "file with the private key (PEM) of the registration's certificate; only for password submit")
	former := flag.String("former", "", "user=password pairs of the former system, with commas between them; only for password submit")
	flag.Parse()
	key, err := readKey(*keyFile)
	if err != nil {
		log.Fatal(err)
	}
	provider, err := oidc.NewProvider(context.Background(), *issuer)
	if err != nil {
		log.Fatal(err)
	}
	a := &api{tokens: provider.Verifier(&oidc.Config{ClientID: *audience, SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256, oidc.EdDSA}}), secret: []byte(*secret), key: key, former: map[string]string{}}
	for _, pair := range strings.Split(*former, ",") {
		if user, password, ok := strings.Cut(pair, "="); ok {
			a.former[strings.ToLower(user)] = password
		}
	}
	server := &http.Server{Addr: *listen, Handler: a, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// readKey reads an RSA key in PKCS #8, as openssl writes it.
func readKey(file string) (*rsa.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New(file + " holds no key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*rsa.PrivateKey); ok {
		return k, nil
	}
	return nil, errors.New(file + " holds no RSA key")
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	if err := a.check(r, body); err != nil {
		log.Print(err)
		http.Error(w, "not for you", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "the body is not JSON", http.StatusBadRequest)
		return
	}
	data, err := a.answer(e)
	if err != nil {
		log.Print(err)
		http.Error(w, "an event that this API does not know or cannot read", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"data": data}); err != nil {
		log.Print(err)
	}
}

// check refuses everybody but the tenant's event service, and bodies that are not its own or old.
func (a *api) check(r *http.Request, body []byte) error {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return errors.New("no token")
	}
	token, err := a.tokens.Verify(r.Context(), raw) // signature, iss, aud, exp
	if err != nil {
		return err
	}
	var claims struct {
		AZP   string `json:"azp"`
		AppID string `json:"appid"` // in tokens of version 1
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	if claims.AZP != eventService && (claims.AZP != "" || claims.AppID != eventService) {
		return errors.New("the token is another app's")
	}
	if len(a.secret) == 0 {
		return nil
	}
	return checkSignature(a.secret, r.Header.Get("Portico-Signature"), body)
}

// checkSignature holds a header t={seconds},v1={hex} against the body; there can be several v1 while a secret changes.
func checkSignature(secret []byte, header string, body []byte) error {
	var stamp string
	var sums []string
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			sums = append(sums, value)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the body is not signed")
	}
	if age := time.Since(time.Unix(seconds, 0)).Abs(); age > 5*time.Minute {
		return errors.New("the body was signed long ago")
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(stamp + "."))
	h.Write(body)
	want := h.Sum(nil)
	for _, sum := range sums {
		if got, err := hex.DecodeString(sum); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("the body is signed with another secret")
}

// answer is what the example says to each event: the type of the data, and exactly one action.
func (a *api) answer(e event) (map[string]any, error) {
	act := func(event, action string, fields map[string]any) (map[string]any, error) {
		one := map[string]any{"@odata.type": "microsoft.graph." + action}
		for k, v := range fields {
			one[k] = v
		}
		return map[string]any{"@odata.type": "microsoft.graph." + event + "ResponseData", "actions": []any{one}}, nil
	}
	switch strings.TrimPrefix(e.Type, "microsoft.graph.authenticationEvent.") {
	case "tokenIssuanceStart":
		return act("onTokenIssuanceStart", "tokenIssuanceStart.provideClaimsForToken",
			map[string]any{"claims": map[string]any{"loyalty_tier": "gold", "clubs": []string{"chess", "gardening"}}})
	case "attributeCollectionStart":
		return act("onAttributeCollectionStart", "attributeCollectionStart.setPrefillValues", map[string]any{"inputs": map[string]any{"country": "DE"}})
	case "attributeCollectionSubmit":
		if city, _ := e.Data.SignUp.Attributes["city"].Value.(string); strings.EqualFold(city, "nowhere") {
			return act("onAttributeCollectionSubmit", "attributeCollectionSubmit.showValidationError",
				map[string]any{"message": "Please mend what is marked.", "attributeErrors": map[string]string{"city": "We do not deliver there."}})
		}
		return act("onAttributeCollectionSubmit", "attributeCollectionSubmit.continueWithDefaultBehavior", nil)
	case "emailOtpSend":
		log.Printf("a code for %s would be sent here", e.Data.OTP.Identifier) // never log the code itself
		return act("onOtpSend", "OtpSend.continueWithDefaultBehavior", nil)
	case "passwordSubmit":
		in, err := a.submitted(e.Data.Encrypted)
		if err != nil {
			return nil, err
		}
		action := "passwordSubmit.Retry" // wrong; throttle guessing here as the former system does
		// A former system keeps hashes: compare with its own function. This one keeps what it is told at its start.
		want, known := a.former[strings.ToLower(in.UserName)]
		if known && subtle.ConstantTimeCompare([]byte(want), []byte(in.Password)) == 1 {
			action = "passwordSubmit.MigratePassword"
		}
		data, err := act("onPasswordSubmit", action, nil)
		data["nonce"] = in.Nonce // it shows that we could read the question
		return data, err
	}
	return nil, errors.New("an event of type " + strconv.Quote(e.Type))
}

// submission is what an encrypted password comes with.
type submission struct {
	Password string `json:"user-password"`
	UserName string `json:"username"`
	Nonce    string `json:"nonce"`
}

func (a *api) submitted(text string) (in submission, err error) {
	if a.key == nil {
		return in, errors.New("asked about a password, and there is no key to read it with")
	}
	jwe, err := jose.ParseEncrypted(text, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return in, err
	}
	plain, err := jwe.Decrypt(a.key)
	if err != nil {
		return in, err
	}
	return in, json.Unmarshal(plain, &in)
}
