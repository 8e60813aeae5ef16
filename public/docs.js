/** @typedef {(options: { url: string | undefined, domNode: Element | null, deepLinking: boolean }) => void} Swagger */

const domNode = document.getElementById("docs");
/** @type {typeof globalThis & { SwaggerUIBundle?: Swagger }} */
const { SwaggerUIBundle } = globalThis;
SwaggerUIBundle?.({ url: domNode?.dataset["document"], domNode, deepLinking: true });
