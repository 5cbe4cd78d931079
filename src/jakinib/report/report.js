(() => {
  const form = document.querySelector(".filter");
  const lines = [...document.querySelectorAll(".lines li")];
  const chosen = () => Object.fromEntries(new FormData(form));
  const filter = () => {
    const wanted = chosen();
    let shown = 0;
    for (const line of lines) {
      line.hidden = Object.entries(wanted).some(([name, value]) => value && line.dataset[name] !== value);
      shown += !line.hidden;
    }
    for (const group of document.querySelectorAll(".lines section"))
      group.hidden = !group.querySelector("li:not([hidden])");
    form.querySelector("output").textContent = `${shown} of ${lines.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  filter();

  // What a link leads to, and what is printed, is open.
  const open = () => {
    let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => document.querySelectorAll("section > details").forEach((one) => (one.open = true)));
})();
