// Quantiles of values that come counted.

/** A value and how often it was seen. */
export type Counted = [value: number, count: number];

/** The least value that at least `share` of all are not above (the nearest rank); undefined of nothing. */
export function quantile(counted: Counted[], share: number): number | undefined {
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  for (const [value, count] of [...counted].sort(([one], [other]) => one - other)) {
    seen += count;
    if (seen >= rank) return value;
  }
  return undefined;
}

/** How many lie at or below the first bound, at or below the second, and above. */
export function parted(counted: Counted[], [good, poor]: [number, number]): [number, number, number] {
  const parts: [number, number, number] = [0, 0, 0];
  for (const [value, count] of counted) parts[value <= good ? 0 : value <= poor ? 1 : 2] += count;
  return parts;
}
