// What must be said about a page: that there are more matches than were counted, or than were sorted.

const number = new Intl.NumberFormat("en");

export const showNotes = (source) => {
  const note = document.getElementById("note");
  source.onPage = ({ recordsFiltered, recordsFilteredCapped, sortedNewest, order }) => {
    const count = number.format(recordsFiltered);
    if (sortedNewest !== undefined) {
      note.textContent = `Sorted by ${order.split(" ")[0]}: the newest ${count} matching events only. Narrow the range of time to sort older ones.`;
    } else if (recordsFilteredCapped) {
      note.textContent = `At least ${count} events match. Narrow the range of time or the filters for an exact count.`;
    }
    note.hidden = sortedNewest === undefined && !recordsFilteredCapped;
  };
};
