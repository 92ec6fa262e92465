/** JSON with its members on lines of their own; what is none, as it is. */
export function pretty(json: string | undefined): string {
  try {
    return JSON.stringify(JSON.parse(json ?? '{}'), null, 2);
  } catch {
    return json ?? '';
  }
}
