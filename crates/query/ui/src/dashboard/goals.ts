// Goals: how many visitors did what they shall do. Funnels: how many visits did one thing, and the next, and the next.
//
// A step of a funnel counts the visits that did it after every step before it.
import { isAbort } from "./api";
import { currentConditions, currentRange, hrefOf, OF_THE_GRAPH, toggledBy } from "./context";
import type { Context, Part } from "./context";
import { h, isPlain } from "./dom";
import { figure, percent, whole } from "./format";
import { isChosen } from "./filter";
import { askIn, removeButton } from "./kept";
import type { Funnel, Goal, Keeper, Step } from "./kept";

/** Shown of each kind; every goal is a question, every funnel as many as it has steps. */
const SHOWN_MAX = 20;
const STEPS_MAX = 8;

const DIMENSIONS: Record<Step["test"], string> = { page: "event:page", event: "event:name" };

export function goals(context: Context, keeper: Keeper, place: HTMLElement): Part {
  const hint = "A goal is a page or an event that visitors shall get to, such as /thanks or signup.";
  return kept(context, place, "Goals", hint, async (signal) => {
    const all = (await keeper.all("goal")).slice(0, SHOWN_MAX);
    const lines = await Promise.all(all.map((goal) => goalLine(context, keeper, goal, signal)));
    if (lines.length === 0) return [];
    const head = h("tr", {}, h("th", { scope: "col" }, "Goal"), ...["Visitors", "Rate"].map((name) => h("th", { scope: "col", class: "number" }, name)), context.mayEdit && removeHead());
    return [h("table", { class: "rows" }, h("thead", {}, head), h("tbody", {}, ...lines))];
  }, () => askForGoal(keeper), keeper);
}

export function funnels(context: Context, keeper: Keeper, place: HTMLElement): Part {
  const hint = "A funnel is what visitors do on the way to a goal: /cart, then /checkout, then purchase. It shows where they leave.";
  return kept(context, place, "Funnels", hint, async (signal) => {
    const all = (await keeper.all("funnel")).slice(0, SHOWN_MAX);
    return Promise.all(all.map((funnel) => funnelOf(context, keeper, funnel, signal)));
  }, () => askForFunnel(keeper), keeper);
}

/** A card of things that are kept. */
function kept(context: Context, place: HTMLElement, title: string, hint: string, load: (signal: AbortSignal) => Promise<Node[]>, add: () => void, keeper: Keeper): Part {
  const id = `${title.toLowerCase()}-title`;
  const panel = h("div", { class: "card-panel kept" });
  const button = h("button", { type: "button", class: "button small" }, "Add");
  button.setAttribute("aria-label", `Add to ${title.toLowerCase()}`);
  button.addEventListener("click", add);
  place.setAttribute("aria-labelledby", id);
  place.replaceChildren(h("div", { class: "card-head" }, h("h2", { id }, title), context.mayEdit && button), panel);
  const show = async (signal: AbortSignal) => {
    try {
      const shown = await load(signal);
      panel.replaceChildren(...(shown.length > 0 ? shown : [h("p", { class: "card-empty soft" }, hint)]));
    } catch (error) {
      if (isAbort(error)) throw error;
      panel.replaceChildren(h("p", { class: "card-empty problem" }, error instanceof Error ? error.message : String(error)));
    }
    panel.setAttribute("aria-busy", "false");
  };
  keeper.onChange(() => void show(new AbortController().signal).catch(() => undefined));
  return {
    ignores: OF_THE_GRAPH,
    show(signal, isQuiet) {
      if (!isQuiet) panel.setAttribute("aria-busy", "true");
      return show(signal);
    },
  };
}

function removeHead(): HTMLElement {
  return h("th", { scope: "col", class: "remove" }, h("span", { class: "visually-hidden" }, "Remove"));
}

async function goalLine(context: Context, keeper: Keeper, goal: Goal, signal: AbortSignal): Promise<HTMLElement> {
  const { test, value } = goal.body;
  const filters = [...currentConditions(context), ["is", DIMENSIONS[test], [value]]];
  const answer = await context.api.ask({ metrics: ["visitors", "conversion_rate"], date_range: currentRange(context), filters }, signal);
  const [visitors = 0, rate = 0] = answer.results[0]?.metrics ?? [];
  const change = toggledBy(context, DIMENSIONS[test], value);
  const chosen = isChosen(context.state().filters, DIMENSIONS[test], value);
  const link = h("a", { href: hrefOf(context, change), class: "row-name", title: `${test} ${value}`, "aria-current": chosen && "true" }, goal.name);
  link.addEventListener("click", (event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    context.go(change);
  });
  const line = h(
    "tr",
    {},
    h("th", { scope: "row" }, link),
    h("td", { class: "number" }, figure(visitors, "count")),
    h("td", { class: "number" }, figure(rate, "percent")),
    context.mayEdit && h("td", { class: "remove" }, removeButton(keeper, goal)),
  );
  line.style.setProperty("--share", `${Math.min(100, rate ?? 0)}%`);
  return line;
}

async function funnelOf(context: Context, keeper: Keeper, funnel: Funnel, signal: AbortSignal): Promise<HTMLElement> {
  const test = (step: Step) => ["is", DIMENSIONS[step.test], [step.value]];
  const steps = funnel.body.steps.slice(0, STEPS_MAX);
  const counts = await Promise.all(
    steps.map(async (_, index) => {
      const filters = [...currentConditions(context), ["has_done", ...steps.slice(0, index + 1).map(test)]];
      const answer = await context.api.ask({ metrics: ["visits"], date_range: currentRange(context), filters }, signal);
      return answer.results[0]?.metrics[0] ?? 0;
    }),
  );
  const first = Math.max(1, counts[0] ?? 0);
  const lines = steps.map((step, index) => {
    const count = counts[index] ?? 0;
    const before = index === 0 ? count : (counts[index - 1] ?? 0);
    const lost = before > 0 ? percent(((before - count) / before) * 100) : percent(0);
    const line = h(
      "li",
      { class: "funnel-step" },
      h("span", { class: "row-name", title: step.value }, step.value),
      h("span", { class: "number" }, whole(count)),
      h("span", { class: "number soft" }, index === 0 ? "" : `−${lost}`),
    );
    line.style.setProperty("--share-of-one", String(count / first));
    return line;
  });
  const rate = percent(((counts.at(-1) ?? 0) / first) * 100);
  return h(
    "div",
    { class: "funnel" },
    h("div", { class: "funnel-head" }, h("h3", {}, funnel.name), h("span", { class: "soft" }, `${rate} of visits get through`), context.mayEdit && removeButton(keeper, funnel)),
    h("ol", {}, ...lines),
  );
}

function askForGoal(keeper: Keeper): void {
  const name = h("input", { class: "field", required: true, maxlength: 200, autocomplete: "off", placeholder: "Bought something" });
  const step = stepFields("What visitors get to", true);
  askIn("Add a goal", "Add", [h("label", {}, "Name", name), step.element], async () => {
    const body = step.read();
    if (!body) throw new Error("Say which page or event it is.");
    await keeper.keep({ kind: "goal", name: name.value, body });
  });
}

function askForFunnel(keeper: Keeper): void {
  const name = h("input", { class: "field", required: true, maxlength: 200, autocomplete: "off", placeholder: "Checkout" });
  const steps = Array.from({ length: STEPS_MAX }, (_, index) => stepFields(`Step ${index + 1}`, index < 2));
  // One more is offered when the last is filled in.
  steps.forEach(({ element }, index) => (element.hidden = index > 2));
  steps.forEach(({ element }, index) => element.addEventListener("input", () => steps[index + 1] && (steps[index + 1]!.element.hidden = false)));
  askIn("Add a funnel", "Add", [h("label", {}, "Name", name), ...steps.map(({ element }) => element)], async () => {
    const filled = steps.map(({ read }) => read()).filter((step) => step !== undefined);
    await keeper.keep({ kind: "funnel", name: name.value, body: { steps: filled } });
  });
}

function stepFields(label: string, required: boolean): { element: HTMLElement; read: () => Step | undefined } {
  const test = h("select", { class: "field" }, h("option", { value: "page" }, "Page"), h("option", { value: "event" }, "Event"));
  const value = h("input", { class: "field", required, maxlength: 500, autocomplete: "off", placeholder: "/thanks" });
  test.setAttribute("aria-label", `${label}: page or event`);
  value.setAttribute("aria-label", `${label}: its path or name`);
  test.addEventListener("change", () => (value.placeholder = test.value === "page" ? "/thanks" : "signup"));
  const element = h("div", { class: "step-fields", role: "group", "aria-label": label }, h("span", {}, label), test, value);
  return { element, read: () => (value.value.trim() === "" ? undefined : { test: test.value as Step["test"], value: value.value.trim() }) };
}
