// The one way to the figures: the public query API, asked for the site of the page.
import type { Condition } from "./filter";
import type { DateRange } from "./period";

export interface Question {
  metrics: string[];
  date_range: DateRange;
  dimensions?: string[];
  filters?: (Condition | unknown[])[];
  order_by?: [string, "asc" | "desc"][];
  include?: { time_labels?: boolean; total_rows?: boolean };
  pagination?: { limit: number; offset: number };
}

export interface Row {
  dimensions: string[];
  metrics: (number | null)[];
}

export interface Answer {
  results: Row[];
  meta: { time_labels?: string[]; total_rows?: number };
}

/** Browsers keep six connections to a server of HTTP/1; the live stream has one, and a click must find another free. */
const AT_ONCE_MAX = 4;

export class Api {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** `base` is empty, or the path of a shared link, below which the same API answers about its site alone. */
  constructor(
    readonly base: string,
    private readonly site: string,
    private readonly zone: string,
  ) {}

  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    return this.fetched("/api/v2/query", signal, { ...question, site_id: this.site, timezone: this.zone });
  }

  /** What the pages' own endpoints answer. */
  async get<T>(path: string, parameters: Record<string, string>, signal?: AbortSignal): Promise<T> {
    return this.fetched(this.path(path, parameters), signal);
  }

  path(path: string, parameters: Record<string, string> = {}): string {
    return `${path}?${new URLSearchParams({ site: this.site, ...parameters })}`;
  }

  private async fetched<T>(path: string, signal?: AbortSignal, body?: unknown): Promise<T> {
    await this.turn();
    try {
      return await answered<T>(this.base + path, { ...(signal && { signal }), ...(body !== undefined && posted(body)) });
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    while (this.running >= AT_ONCE_MAX) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
  }
}

function posted(body: unknown): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** The answer's JSON.
 * @throws an `Error` that says what the server said. */
export async function answered<T>(path: string, options: RequestInit = {}): Promise<T> {
  const response = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  if (response.ok) return response.status === 204 ? (undefined as T) : response.json();
  if (response.status === 401) location.reload();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? problem.error ?? `the server answered ${response.status}`);
}

/** Whether a failure is only that nobody wants the answer any more. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
