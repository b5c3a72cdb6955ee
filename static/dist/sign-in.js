for (const input of document.querySelectorAll("input[data-show]")) {
const box = document.createElement("div");
const button = document.createElement("button");
box.className = "reveal";
box.dir = input.dir;
button.className = "reveal__button";
button.type = "button";
button.setAttribute("aria-controls", input.id);
const label = () => {
const hidden = input.type === "password";
button.textContent = hidden ? input.dataset.show : input.dataset.hide;
button.setAttribute("aria-label", hidden ? input.dataset.showLabel : input.dataset.hideLabel);
};
button.addEventListener("click", () => {
input.type = input.type === "password" ? "text" : "password";
label();
});
input.form?.addEventListener("submit", () => { input.type = "password"; });
input.replaceWith(box);
box.append(input, button);
label();
}
const forms = [...document.querySelectorAll("form[data-passkey]")];
let waiting; // the conditional request, aborted before a modal one opens

const able = window.PublicKeyCredential
&& PublicKeyCredential.parseRequestOptionsFromJSON
&& PublicKeyCredential.parseCreationOptionsFromJSON;

const options = (form) => {
const json = JSON.parse(form.dataset.options);
return json.publicKey ?? json;
};

const submit = (form, credential) => {
form.elements.credential.value = JSON.stringify(credential.toJSON());
form.submit();
};

const fail = (form, error) => {
if (error.name === "AbortError") return;
const note = form.querySelector("[data-passkey-error]");
if (!note) return;
note.hidden = false;
note.focus();
};

async function get(form, mediation) {
waiting?.abort();
waiting = new AbortController();
const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options(form));
submit(form, await navigator.credentials.get({ publicKey, mediation, signal: waiting.signal }));
}

async function create(form) {
waiting?.abort();
const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options(form));
submit(form, await navigator.credentials.create({ publicKey }));
}

if (able) {
for (const form of forms) {
const run = form.dataset.passkey === "create" ? create : get;
for (const button of form.querySelectorAll("[data-passkey-button]")) {
button.hidden = false;
button.addEventListener("click", (event) => {
event.preventDefault();
run(form).catch((error) => fail(form, error));
});
}
for (const note of form.querySelectorAll("[data-passkey-off]")) note.hidden = true;
}
const quiet = forms.find((form) => "conditional" in form.dataset);
if (quiet && await PublicKeyCredential.isConditionalMediationAvailable?.()) {
get(quiet, "conditional").catch(() => {});
}
}
