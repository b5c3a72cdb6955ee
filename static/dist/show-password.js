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
