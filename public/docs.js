/** @typedef {(options: { url: string | undefined, domNode: HTMLElement | null, deepLinking: boolean }) => void} SwaggerUI */

const domNode = document.getElementById("docs");
/** @type {typeof globalThis & { SwaggerUIBundle?: SwaggerUI }} */
const { SwaggerUIBundle } = globalThis;
SwaggerUIBundle?.({ url: domNode?.dataset["document"], domNode, deepLinking: true });
