// Looks for new events every two seconds while somebody looks at the page, and shows them without leaving the page of the table.

const INTERVAL_MS = 2000;

export const keepCurrent = (table, source) => {
  const live = document.getElementById("live");
  let isAsking = false;

  const isInUse = () => {
    // Whoever selects text or reads an event does not want the rows to move.
    const selection = getSelection();
    return document.querySelector("dialog[open]") !== null || (selection !== null && !selection.isCollapsed);
  };

  const look = async () => {
    if (!live.checked || document.hidden || isAsking || isInUse() || source.request === undefined) return;
    isAsking = true;
    const hasNews = await source.hasNews();
    isAsking = false;
    if (hasNews && live.checked && !isInUse()) redraw();
  };

  const redraw = () => {
    const scroller = table.table().node().parentElement;
    const { scrollTop, scrollLeft } = scroller;
    table.ajax.reload(() => {
      scroller.scrollTop = scrollTop;
      scroller.scrollLeft = scrollLeft;
    }, false);
  };

  setInterval(look, INTERVAL_MS);
  live.addEventListener("change", look);
  document.addEventListener("visibilitychange", look);
};
