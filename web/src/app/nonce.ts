/** The style nonce the server wrote into the page, or undefined where there is none (development). */
export function styleNonce(doc: Document): string | undefined {
  const content = doc.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return content && !content.startsWith("__") ? content : undefined;
}
