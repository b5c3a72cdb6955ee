for (const button of document.querySelectorAll("button[data-copy]")) {
if (!navigator.clipboard) continue;
button.hidden = false;
button.addEventListener("click", async () => {
const source = document.getElementById(button.dataset.copy);
await navigator.clipboard.writeText(source.value ?? source.textContent);
const word = button.querySelector("[data-word]") ?? button;
const before = word.textContent;
word.textContent = button.dataset.copied;
setTimeout(() => { word.textContent = before; }, 2000);
});
}
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
if (event.key !== "Escape") return;
for (const menu of menus()) {
menu.open = false;
menu.querySelector("summary").focus();
}
});
for (const select of document.querySelectorAll("select[data-submit]")) {
select.addEventListener("change", () => select.form.requestSubmit());
}
const live = document.querySelector("[data-refresh]");
if (live) {
setInterval(async () => {
if (document.hidden) return;
const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
if (!answer.ok) return;
const page = new DOMParser().parseFromString(await answer.text(), "text/html");
const next = page.querySelector("[data-refresh]");
if (!next) location.reload(); // nothing is waited for any more
if (next && next.innerHTML !== live.innerHTML) live.innerHTML = next.innerHTML;
}, Number(live.dataset.refresh) || 3000);
}
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest" });
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
