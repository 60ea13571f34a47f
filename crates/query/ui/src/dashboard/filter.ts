// What the reader narrows everything to: conditions on dimensions, all of which hold.

export const OPERATORS = ["is", "is_not", "contains", "contains_not"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Filter {
  operator: Operator;
  /** `visit:country`, `event:page`, `event:props:plan`. */
  dimension: string;
  values: string[];
}

/** As the API takes it. */
export type Condition = [Operator, string, string[]];

/** Bounds of the API; an address that says more is cut. */
const FILTERS_MAX = 20;
const VALUES_MAX = 50;

export function conditionsOf(filters: Filter[]): Condition[] {
  return filters.map(({ operator, dimension, values }) => [operator, dimension, values]);
}

/** The filters with one more value of a dimension: `is` two countries is one filter. The same one twice is taken away again. */
export function toggled(filters: Filter[], dimension: string, value: string): Filter[] {
  const known = filters.find((filter) => filter.operator === "is" && filter.dimension === dimension);
  if (!known) return [...filters, { operator: "is" as const, dimension, values: [value] }].slice(-FILTERS_MAX);
  const values = known.values.includes(value) ? known.values.filter((other) => other !== value) : [...known.values, value];
  return filters.flatMap((filter) => (filter === known ? (values.length > 0 ? [{ ...known, values }] : []) : [filter]));
}

export function isChosen(filters: Filter[], dimension: string, value: string): boolean {
  return filters.some((filter) => filter.operator === "is" && filter.dimension === dimension && filter.values.includes(value));
}

/** `is,visit:country,AT,DE`, with what separates escaped where it is part of a value. */
export function filterText({ operator, dimension, values }: Filter): string {
  return [operator, ...[dimension, ...values].map(escaped)].join(",");
}

export function parseFilters(texts: string[]): Filter[] {
  return texts.slice(0, FILTERS_MAX).flatMap((text) => {
    const [operator = "", dimension = "", ...values] = text.split(",").map(unescaped);
    if (!isOperator(operator) || !/^(event|visit):./.test(dimension) || values.length === 0) return [];
    return [{ operator, dimension, values: values.slice(0, VALUES_MAX) }];
  });
}

function isOperator(text: string): text is Operator {
  return (OPERATORS as readonly string[]).includes(text);
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(",", "%2C");
}

function unescaped(text: string): string {
  return text.replaceAll("%2C", ",").replaceAll("%25", "%");
}
