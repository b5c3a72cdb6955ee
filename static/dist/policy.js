const form = document.querySelector("form[data-policy]");
const said = form?.querySelector("[data-said]");
let timer, running;

const ask = async (what) => {
const body = new URLSearchParams(new FormData(form));
body.set("do", what);
running?.abort();
running = new AbortController();
const answer = await fetch(form.dataset.policy, { method: "POST", body, signal: running.signal });
if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
return answer.text();
};

const follow = async () => {
try {
const next = await ask("say");
if (next !== said.dataset.last) said.innerHTML = next;
said.dataset.last = next;
} catch (problem) {
if (problem.name !== "AbortError") form.querySelector("[data-preview-button]").hidden = false;
}
};
const soon = () => { clearTimeout(timer); timer = setTimeout(follow, 200); };
const find = async (picker) => {
const name = picker.dataset.picker;
try {
picker.innerHTML = await ask("find." + name);
picker.querySelector("input[type=search]").focus();
} catch (problem) {
if (problem.name !== "AbortError") form.requestSubmit(picker.querySelector("[data-find]"));
}
};

if (form) {
form.querySelector("[data-preview-button]").hidden = true;
form.addEventListener("change", (event) => { if (event.target.type !== "search") soon(); });
form.addEventListener("input", (event) => { if (!/search|radio|checkbox/.test(event.target.type)) soon(); });
form.addEventListener("click", (event) => {
const button = event.target.closest("[data-find]");
if (!button) return;
event.preventDefault();
find(button.closest("[data-picker]"));
});
form.addEventListener("keydown", (event) => {
if (event.key !== "Enter" || event.target.type !== "search") return;
event.preventDefault();
const picker = event.target.closest("[data-picker]");
if (picker) find(picker);
});
}
for (const list of document.querySelectorAll("[data-filter]")) {
const box = Object.assign(document.createElement("input"), { type: "search", className: "input", placeholder: list.dataset.filter, ariaLabel: list.dataset.filter, autocomplete: "off" });
box.addEventListener("input", () => {
const want = box.value.trim().toLowerCase();
for (const row of list.querySelectorAll(".choice")) {
row.hidden = want && !row.textContent.toLowerCase().includes(want) && !row.querySelector("input").checked;
}
});
list.querySelector(".choices").before(box);
}
