// Steps through the execution. Without this script, the table and the drawing have the same content.
(() => {
  const rows = [...document.querySelectorAll("tbody tr")];
  const nodes = [...document.querySelectorAll("svg g.step")];
  const slider = document.getElementById("step");
  const says = document.getElementById("says");
  const last = rows.length - 1;
  document.body.classList.remove("no-script");
  document.body.classList.add("stepping");
  const past = rows.map(row => new Set((row.dataset.past || "").split(" ").filter(Boolean).map(Number)));

  function show(step) {
    step = Math.max(0, Math.min(last, step));
    slider.value = step;
    const mark = (element, row) => {
      element.classList.toggle("later", row > step);
      element.classList.toggle("now", row === step);
      element.classList.toggle("known", past[step].has(row));
    };
    rows.forEach(mark);
    nodes.forEach(node => mark(node, Number(node.dataset.row)));
    says.textContent = rows[step].dataset.says;
    slider.setAttribute("aria-valuetext", rows[step].dataset.says);
    location.hash = step === last ? "" : "step-" + step;
  }

  const now = () => Number(slider.value);
  slider.addEventListener("input", () => show(now()));
  document.getElementById("back").addEventListener("click", () => show(now() - 1));
  document.getElementById("forth").addEventListener("click", () => show(now() + 1));
  rows.forEach((row, step) => row.addEventListener("click", () => show(step)));
  document.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = { ArrowRight: now() + 1, ArrowDown: now() + 1, j: now() + 1, ArrowLeft: now() - 1, ArrowUp: now() - 1,
                 k: now() - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  const wanted = location.hash.match(/^#step-(\d+)$/);
  show(wanted ? Number(wanted[1]) : last);
})();
