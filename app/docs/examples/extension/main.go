// Command extension is an example of an API behind a custom authentication extension: it checks who calls, and answers
// every event. Run it beside Portico and set it up as app/docs/extensions.md says:
//
//	go run ./app/docs/examples/extension -issuer http://localhost:3000/{tenant id}/v2.0 -audience {app id} -secret {signing secret}
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"portico/app/outbound"
)

// eventService is the app that calls, whatever the tenant.
const eventService = "99045fe1-7639-4a75-9d4a-577b6ca3810f"

type api struct {
	tokens *oidc.IDTokenVerifier
	secret []byte
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
	} `json:"data"`
}

func main() {
	listen := flag.String("listen", "localhost:4000", "where to listen")
	issuer := flag.String("issuer", "", "issuer of the tenant, as its portal shows it")
	audience := flag.String("audience", "", "app id of the registration that stands for this API")
	secret := flag.String("secret", "", "signing secret; empty when the extension does not sign")
	flag.Parse()
	provider, err := oidc.NewProvider(context.Background(), *issuer)
	if err != nil {
		log.Fatal(err)
	}
	a := &api{tokens: provider.Verifier(&oidc.Config{ClientID: *audience, SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256, oidc.EdDSA}}), secret: []byte(*secret)}
	server := &http.Server{Addr: *listen, Handler: a, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
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
	kind, action := answer(e)
	if action == nil {
		http.Error(w, "an event that this API does not know", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"@odata.type": "microsoft.graph." + kind, "actions": []any{action}}}); err != nil {
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
		AZP string `json:"azp"`
	}
	if err := token.Claims(&claims); err != nil {
		return err
	}
	if claims.AZP != eventService {
		return errors.New("the token is another app's")
	}
	if len(a.secret) == 0 {
		return nil
	}
	return outbound.CheckSignature(a.secret, r.Header.Get(outbound.SignatureHeader), body, time.Now(), 5*time.Minute)
}

// answer is what the example says to each event: the type of the data, and its one action.
func answer(e event) (string, map[string]any) {
	act := func(name string, fields map[string]any) map[string]any {
		out := map[string]any{"@odata.type": "microsoft.graph." + name}
		for k, v := range fields {
			out[k] = v
		}
		return out
	}
	switch strings.TrimPrefix(e.Type, "microsoft.graph.authenticationEvent.") {
	case "tokenIssuanceStart":
		return "onTokenIssuanceStartResponseData", act("tokenIssuanceStart.provideClaimsForToken",
			map[string]any{"claims": map[string]any{"loyalty_tier": "gold", "clubs": []string{"chess", "gardening"}}})
	case "attributeCollectionStart":
		return "onAttributeCollectionStartResponseData", act("attributeCollectionStart.setPrefillValues", map[string]any{"inputs": map[string]any{"country": "DE"}})
	case "attributeCollectionSubmit":
		if city, _ := e.Data.SignUp.Attributes["city"].Value.(string); strings.EqualFold(city, "nowhere") {
			return "onAttributeCollectionSubmitResponseData", act("attributeCollectionSubmit.showValidationError",
				map[string]any{"message": "Please mend what is marked.", "attributeErrors": map[string]string{"city": "We do not deliver there."}})
		}
		return "onAttributeCollectionSubmitResponseData", act("attributeCollectionSubmit.continueWithDefaultBehavior", nil)
	case "emailOtpSend":
		log.Printf("a code for %s would be sent here", e.Data.OTP.Identifier) // never log the code itself
		return "onOtpSendResponseData", act("OtpSend.continueWithDefaultBehavior", nil)
	}
	return "", nil // passwordSubmit needs the private key of the registration: see the documentation
}
