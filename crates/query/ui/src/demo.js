// The demo page: things that do something, and the list of what arrived of it.

const LIST_MS = 1000;
const LIST_LENGTH = 30;

const list = document.getElementById("events");
const problem = document.getElementById("problem");
const shown = new Set();

document.getElementById("custom").addEventListener("click", () => window.hgTracking?.trackEvent("demo_event", { answer: 42 }));

document.getElementById("fail").addEventListener("click", () => {
  throw new Error("This error was asked for");
});

document.getElementById("signup").addEventListener("submit", (event) => {
  event.preventDefault();
  event.target.reset();
  document.getElementById("sent").textContent = "Sent nowhere.";
});

for (const link of document.querySelectorAll("[data-route]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState(null, "", link.href);
  });
}

/** One line of the list: when, what, where, and the event's data. Everything is text. */
const line = ({ eventId, timestamp, eventType, eventData, url }) => {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = timestamp;
  time.textContent = new Date(timestamp).toLocaleTimeString();
  const kind = document.createElement("strong");
  kind.textContent = eventType;
  const path = document.createElement("span");
  path.className = "soft";
  path.textContent = URL.canParse(url) ? new URL(url).pathname : url;
  item.append(time, kind, path);
  const data = Object.entries(eventData);
  if (data.length) {
    const text = document.createElement("code");
    text.textContent = data.map(([key, value]) => `${key}: ${value}`).join(", ");
    item.append(text);
  }
  item.classList.toggle("is-new", !shown.has(eventId));
  shown.add(eventId);
  return item;
};

const refresh = async () => {
  const answer = await fetch(`/view-data?clientID=demo&length=${LIST_LENGTH}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const { data } = await answer.json();
  list.replaceChildren(...data.map(line));
  list.hidden = !data.length;
  document.getElementById("none").hidden = data.length > 0;
};

const live = async () => {
  if (!document.hidden) {
    try {
      await refresh();
      problem.hidden = true;
    } catch (error) {
      problem.textContent = `The list cannot be read: ${error.message}`;
      problem.hidden = false;
    }
  }
  setTimeout(live, LIST_MS);
};

list.hidden = true;
live();
