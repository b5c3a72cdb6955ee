for (const input of document.querySelectorAll("input[autocomplete=new-password]")) {
const box = input.form?.querySelector("[data-strength]");
if (!box) continue;
const [meter, words] = box.children;
const say = box.dataset.strength.split("|");
const rules = {
length: (p, min) => [...p].length >= min,
three: (p) => [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{Lu}\p{Ll}\p{Nd}]/u].filter((r) => r.test(p)).length >= 3,
};
const bits = (p) => {
let sum = 0, step = null, last = null;
const seen = {};
const pool = Math.log2((/\p{Ll}/u.test(p) && 26) + (/\p{Lu}/u.test(p) && 26) + (/\d/.test(p) && 10) + (/[^\p{L}\d]/u.test(p) && 33) + (/[^\x00-\x7f]/.test(p) && 100) || 1);
for (const c of p.toLowerCase()) {
const code = c.codePointAt(0), now = last === null ? null : code - last;
seen[c] = (seen[c] || 0) + 1;
sum += now === step && Math.abs(now) < 2 && now !== null || seen[c] > 2 ? .5 : pool;
step = now;
last = code;
}
return sum;
};
const show = () => {
const p = input.value.normalize("NFKC");
let all = true;
for (const li of input.form.querySelectorAll("[data-rule]")) {
const met = rules[li.dataset.rule](p, +li.dataset.min);
all &&= met;
li.toggleAttribute("data-met", met);
li.lastElementChild.hidden = !met;
}
const b = bits(p);
const level = !all ? 1 : b < 38 ? 1 : b < 52 ? 2 : b < 70 ? 3 : 4;
box.hidden = !p;
meter.value = p ? level : 0;
clearTimeout(input.saying);
input.saying = setTimeout(() => { words.textContent = p ? say[all ? level : 0] : ""; }, 300);
};
input.addEventListener("input", show);
show();
}
