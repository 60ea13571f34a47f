// What people keep on the dashboard: annotations, goals, funnels. Loaded once, and again after each change.
import { answered } from "./api";
import type { Context } from "./context";
import { h, openDialog } from "./dom";

export interface Step {
  test: "page" | "event";
  value: string;
}

interface Named {
  id: number;
  name: string;
}

export type Annotation = Named & { kind: "annotation"; body: { day: string } };
export type Goal = Named & { kind: "goal"; body: Step };
export type Funnel = Named & { kind: "funnel"; body: { steps: Step[] } };
export type Thing = Annotation | Goal | Funnel;

/** Without its number: not kept yet. */
export type NewThing = Pick<Annotation, "kind" | "name" | "body"> | Pick<Goal, "kind" | "name" | "body"> | Pick<Funnel, "kind" | "name" | "body">;

export class Keeper {
  private loading: Promise<Thing[]> | undefined;
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly context: Context) {}

  async all<Kind extends Thing["kind"]>(kind: Kind): Promise<Extract<Thing, { kind: Kind }>[]> {
    this.loading ??= answered<Thing[]>(this.context.api.base + this.path());
    try {
      const things = await this.loading;
      return things.filter((thing): thing is Extract<Thing, { kind: Kind }> => thing.kind === kind);
    } catch (error) {
      this.loading = undefined;
      throw error;
    }
  }

  /** Calls when something was kept or removed. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  async keep(thing: NewThing): Promise<void> {
    await answered(this.path(), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(thing) });
    this.changed();
  }

  async remove(thing: Thing): Promise<void> {
    await answered(`${this.path()}/${thing.id}`, { method: "DELETE" });
    this.changed();
  }

  private changed(): void {
    this.loading = undefined;
    for (const listener of this.listeners) listener();
  }

  private path(): string {
    return `/sites/${encodeURIComponent(this.context.site)}/kept`;
  }
}

/** A dialog with a form; what `submit` throws is said in it. */
export function askIn(title: string, button: string, fields: HTMLElement[], submit: () => Promise<void>): HTMLDialogElement {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const form = h("form", { class: "dialog-form", method: "dialog" }, ...fields, problem, h("button", { class: "button primary" }, button));
  const dialog = openDialog(title, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await submit();
      dialog.close();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  });
  return dialog;
}

export function removeButton(keeper: Keeper, thing: Thing): HTMLElement {
  const button = h("button", { type: "button", class: "chip-remove", "aria-label": `Remove ${thing.name}` }, "×");
  button.addEventListener("click", () => void keeper.remove(thing).catch((error: Error) => alert(error.message)));
  return button;
}
