"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const value = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };
  const compare = (a, b) => {
    if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, "en");
    return typeof a === "number" ? -1 : 1;
  };
  const list = (table) =>
    table.dataset.list ? all(`table[data-list="${table.dataset.list}"]`) : [table];
  const body = (table) => table.tBodies[0];
  const sort = (table, header) => {
    const up = header.getAttribute("aria-sort") !== "ascending";
    const index = header.cellIndex;
    const tables = list(table);
    const counts = tables.map((one) => body(one).rows.length);
    const rows = tables.flatMap((one) => [...body(one).rows]);
    rows.sort((a, b) => compare(value(a, index), value(b, index)) * (up ? 1 : -1));
    tables.forEach((one, at) => {
      const headers = all("thead th", one);
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      headers[index].setAttribute("aria-sort", up ? "ascending" : "descending");
      body(one).append(...rows.splice(0, counts[at]));
    });
  };
  for (const table of all("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    for (const header of all("thead th", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
  }

  for (const table of all("table.filterable")) {
    const tables = list(table);
    if (tables[0] !== table) continue;
    const rows = tables.flatMap((one) => [...body(one).rows]);
    if (rows.length < 6) continue;
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "filter";
    label.append("Show rows with", input);
    input.type = "search";
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/);
      for (const one of tables.slice(1)) one.closest("details").open = true;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
      }
    });
    table.parentElement.before(label);
  }

  for (const section of all("section.part")) {
    const marked = all("[data-row]", section);
    for (const element of marked) {
      const light = (on) => {
        section.classList.toggle("lighting", on);
        for (const other of marked) {
          other.classList.toggle("lit", on && other.dataset.row === element.dataset.row);
        }
      };
      element.addEventListener("pointerenter", () => light(true));
      element.addEventListener("pointerleave", () => light(false));
    }
  }

  for (const box of all(".explore")) {
    const form = box.querySelector("form");
    const dials = all("input", form);
    const said = all(".at b", box);
    const verdict = box.querySelector(".verdict");
    const ways = all("[data-way]", box);
    const choose = () => {
      dials.forEach((dial, at) => {
        const text = dial.list.options[dial.value].label;
        dial.setAttribute("aria-valuetext", text);
        dial.parentElement.querySelector("output").textContent = text;
        said[at].textContent = text;
      });
      const key = dials.map((dial) => dial.value).join("-");
      const cell = box.querySelector(`[data-point="${key}"]`);
      all("[aria-current]", box).forEach((other) => other.removeAttribute("aria-current"));
      cell.setAttribute("aria-current", "true");
      all("details", box).forEach((details) => { details.open = details.contains(cell); });
      const texts = cell.dataset.texts.split("|");
      const values = cell.dataset.values.split(" ").map(Number);
      const most = Math.max(...values);
      ways.forEach((row, at) => {
        const best = cell.classList.contains(`way-${row.dataset.way}`);
        row.classList.toggle("strong", best);
        row.cells[1].textContent = texts[at];
        row.querySelector("i").style.width = `${(100 * values[at]) / most}%`;
        if (!best) return;
        const beside = cell.querySelector("small").textContent;
        const least = `${row.cells[0].textContent} is the cheapest, ${texts[at]} per useful hour`;
        verdict.textContent = beside ? `${least}; ${beside}.` : `${least}.`;
      });
    };
    form.addEventListener("input", choose);
    form.addEventListener("reset", () => setTimeout(choose));
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const cell of all("[data-point]", box)) {
      cell.addEventListener("click", () => {
        cell.dataset.point.split("-").forEach((place, at) => { dials[at].value = place; });
        choose();
      });
    }
    form.hidden = false;
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])").filter((details) => !details.closest("figure") && !details.matches(".screen"));
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));

  const save = document.createElement("button");
  save.type = "button";
  save.className = "plain";
  save.textContent = "Save the raw data as JSON";
  const unpacked = (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  save.addEventListener("click", async () => {
    const { textContent, dataset } = document.getElementById("benchbench-data");
    const data = dataset.encoding === "gzip" ? await unpacked(textContent) : textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
    link.download = "benchbench-report.json";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.getElementById("save").append(save);
})();
