"use strict";
// A shaded text: what is said of the piece under the pointer, the finger or the arrow keys.
for (const reader of document.querySelectorAll(".reader")) {
  const text = reader.querySelector(".shaded"), said = reader.querySelector(".said");
  const pieces = [...text.children];
  let here = -1;
  const show = (place) => {
    if (here >= 0) pieces[here].classList.remove("here");
    here = Math.max(0, Math.min(pieces.length - 1, place));
    pieces[here].classList.add("here");
    said.textContent = pieces[here].dataset.said || "";
  };
  const at = (event) => pieces.indexOf(event.target);
  for (const kind of ["pointerover", "click"]) {
    text.addEventListener(kind, (event) => { if (at(event) >= 0) show(at(event)); });
  }
  text.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 20, ArrowUp: -20, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    show(event.key === "End" ? pieces.length - 1 : here + steps[event.key]);
    pieces[here].scrollIntoView({ block: "nearest" });
  });
}
// A text whose shades a menu chooses.
for (const chooser of document.querySelectorAll(".chooser")) {
  const menu = chooser.querySelector("select"), pieces = chooser.querySelector(".prose").children;
  const kinds = JSON.parse(chooser.querySelector("script").textContent);
  menu.addEventListener("change", () => {
    [...kinds[menu.value]].forEach((letter, place) => {
      const shade = letter.charCodeAt(0) - 102;
      pieces[place].className = shade > 0 ? "p" + shade : shade < 0 ? "n" + -shade : "";
    });
  });
}
