package admin

import (
	"testing"

	"portico/models/modelstest"
)

// Whose password an administrator sets hears of it at their own address.
func TestWhosePasswordWasSetIsTold(t *testing.T) {
	b := newBench(t)
	u := modelstest.MustUser(t, b.shop, "ada@example.com")
	a := b.global().post("/admin/t/shop/users/"+u.ID+"/password", "how", "generate", "mustChange", "yes")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if to := b.mailed(); to != "ada@example.com" {
		t.Errorf("mail to %q", to)
	}
}
