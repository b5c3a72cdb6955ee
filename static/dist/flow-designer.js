const box = document.querySelector("[data-preview]");
if (box) {
const frame = box.querySelector("iframe");
const choose = box.querySelector("form");
const note = box.querySelector("[data-preview-note]");
const form = document.querySelector("form[data-previewed]");
choose.querySelector("button").hidden = true;
let timer, running;
const refresh = async () => {
running?.abort();
running = new AbortController();
const body = new URLSearchParams(form ? new FormData(form) : undefined);
for (const [name, value] of new FormData(choose)) body.set("preview." + name, value);
body.set("preview.part", box.dataset.part);
try {
const answer = await fetch(box.dataset.preview, {
method: "POST", body, signal: running.signal, headers: { "X-CSRF-Token": box.dataset.token },
});
if (!answer.ok) throw new Error(String(answer.status));
frame.srcdoc = await answer.text();
if (form) note.textContent = "A picture of what you are typing; it is not saved yet. Nothing can be pressed in it.";
} catch (problem) {
if (problem.name !== "AbortError") note.textContent = "The preview could not be refreshed. Save, or load the page again.";
}
};
const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 300); };
choose.addEventListener("change", refresh);
choose.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
form?.addEventListener("input", soon);
form?.addEventListener("change", soon);
}
