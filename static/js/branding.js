// The preview of the branding studio follows what is typed: the form itself is sent into the frame, whose page
// runs nothing, sends nothing and is held to a policy of its own. Nothing is saved by it.
const form = document.querySelector("#studio");
const choose = document.querySelector("[data-choose]");
let frame = document.querySelector("iframe[name=preview]");
const look = form?.querySelector("[data-look]");
let timer;

// A new frame for each picture: a frame that is navigated again would fill the browser's history.
const fresh = () => {
  const next = frame.cloneNode();
  next.removeAttribute("src");
  next.classList.add("picture__next");
  frame.removeAttribute("name");
  const old = frame;
  frame.after(next);
  frame = next;
  const done = () => { next.classList.remove("picture__next"); old.remove(); };
  setTimeout(() => next.addEventListener("load", done, { once: true }), 0);
  setTimeout(done, 3000);
};
// The address of a picture with what is chosen in place of what it was made with.
const address = (was) => {
  const at = new URL(was, location.href);
  for (const [name, value] of new FormData(choose)) at.searchParams.set(name, value);
  return at.pathname + at.search;
};
const refresh = () => {
  clearTimeout(timer);
  document.querySelectorAll("iframe:not([name])").forEach((f) => f.closest(".picture__frame") === frame.parentElement && f !== frame && f.remove());
  fresh();
  if (!look) {
    frame.src = address(frame.dataset.src);
    return;
  }
  look.formAction = address(look.getAttribute("formaction"));
  form.requestSubmit(look);
  measure();
};
const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 400); };

// The contrast is measured by the server, with the arithmetic that draws the pages.
const box = document.querySelector("[data-contrast]");
let running;
const measure = async () => {
  if (!box || !form) return;
  running?.abort();
  running = new AbortController();
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  try {
    const answer = await fetch(box.dataset.contrast, { method: "POST", body, signal: running.signal });
    if (answer.ok) box.innerHTML = await answer.text();
  } catch { /* the next one will tell */ }
};

if (choose && frame) {
  choose.querySelector("button").hidden = true;
  choose.addEventListener("change", refresh);
  choose.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
}
if (look) {
  look.hidden = true;
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
const pickers = () => document.querySelectorAll("input[data-picks]");
for (const picker of pickers()) {
  const text = document.getElementById(picker.dataset.picks);
  picker.hidden = false;
  picker.addEventListener("input", () => { text.value = picker.value; soon(); });
  text.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(text.value.trim())) picker.value = text.value.trim(); });
}
// A colour that is offered goes into its field; without script the button saves it.
box?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take]");
  if (!button) return;
  event.preventDefault();
  const text = document.getElementById(button.dataset.take);
  text.value = button.dataset.value;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
});
