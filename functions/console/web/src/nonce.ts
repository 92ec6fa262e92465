/**
 * Ant Design and the charts make style elements while they run. The page's Content-Security-Policy takes only those that
 * carry the nonce of this answer, and some libraries cannot be told it, so every style element that a script makes gets it.
 * Markup that somebody injects is not made this way.
 */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

const make = document.createElement.bind(document);
document.createElement = ((name: string, options?: ElementCreationOptions) => {
  const element = make(name, options);
  if (nonce && element instanceof HTMLStyleElement) element.nonce = nonce;
  return element;
}) as typeof document.createElement;
