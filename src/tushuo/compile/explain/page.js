// A click on a heading sorts the kernels by that column, the next one the other way round.
for (const table of document.querySelectorAll(".kernels table")) {
  const body = table.tBodies[0];
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const number = (text) => (text === "" ? -1 : Number(text));
      const rows = [...body.rows].sort((a, b) => {
        const order = head.classList.contains("n")
          ? number(key(a)) - number(key(b))
          : key(a).localeCompare(key(b));
        return down ? -order : order;
      });
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...rows);
    });
  }
}
// A link to a kernel opens the table that it is in.
const open = () => {
  const row = document.getElementById(location.hash.slice(1));
  const folded = row?.closest("details");
  if (folded) { folded.open = true; row.scrollIntoView(); }
};
addEventListener("hashchange", open);
open();
