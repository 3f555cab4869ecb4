/** What the tables cannot tell: what was changed and why, and what was left. */
export const notes = `## What was changed, and its figure

Each was measured against the state before it in one run, 12 to 15 starts each, on the machine above while it was busy with other work; processor time and medians, in ms.

| | before | after |
|---|---:|---:|
| Node's \`fetch\` left out of the way of the first answer (\`lambda/platform/http-client.ts\`, and a token grant that does not need Node's \`Headers\` and \`Response\`): processor time of a start | 153 | 108 |
| the same: spawn to first answer | 164 | 120 |
| the same in AuthorizerFunction: processor time of a start | 97 | 66 |
| the SDK's protocol and checksum replaced by what one call needs (\`lib/bundle/stand-ins/plain-json-protocol.ts\`, \`node-sha256.ts\`): bundle, KB | 280 | 246 |
| the SDK's settings from the environment alone, without files (\`environment-settings.ts\`): processor time of a start | 153 | 146 |
| the SDK's HTTP handler replaced (\`plain-http-handler.ts\`): import against the common way | 0.29 | 0.26 |
| the same: bundle, KB | 226 | 218 |
| V8's young generation kept to 8 MB semi-spaces (\`NODE_OPTIONS\`): growth of the process in a walk of 100,000 against what is kept | 2.3 | 1.17 |

The walk asks for the page after a full last one, to be sure that there is none. In walks of more than five pages that request now goes along with the others: 50 ms less of 1,300 for 10,000 accounts. Shorter ones ask for it in the end, so that one which fails costs eGain no call more.

An import of \`node:http\` loads all of fetch as well, because it exports parts of it; so neither the product nor what is bundled with it imports it, but asks for it by \`process.getBuiltinModule\`. \`node:https\` is loaded by the first call to an https address. Here everything is on loopback without TLS, so that module (5 to 10 ms) is in the peers' figures, which always load it, and not in the product's; in Lambda it is loaded during init, when the secret is read.

## What was tried and did not help

- All of Node's modules by \`getBuiltinModule\` in place of imports: import 35.5 before, 37.7 after, within the noise.
- Smaller semi-spaces: with 2 MB, short-lived pages are promoted to the old generation and the process grows more (1.8 to 2.1 times what is kept); 4 MB gives 1.08, 16 MB 1.32. 8 MB leaves the warm times as they are.
- Bundles that are not minified: 3 ms more import, and 509 KB.

## What is not reached

- The walk's own time and memory. To share a content, the accounts are ordered by their texts, written as one and hashed: about 100 ms for 10,000 accounts, once a walk, and while it lasts the text stands beside the accounts (416 MB of the function's 1,024 at 100,000). Before contents were shared the same bench gave 1.16 of the limit and 1.09 of what is kept.
- What partners wait while another container renews stands near its target of 2 times a hit, where eight containers share two processors with the table, eGain and the one that asks: 1.35 and 1.59 in two runs, 1.25 to 2.80 in four with half as many requests; with two containers 0.95 to 1.49 in three. In Lambda each has its own.
- A new container's first answer from 25 accounts in the table is about as fast as one that walks an eGain at 0 ms (1.04 of it in one run, 0.95 in another, both within the quartiles): the read of the table takes the place of three calls. With 1,000 accounts, or an eGain that takes time, it is faster.
- Page calls against Fastify + reply-from. It answers each request with one page of eGain's, unread: 1,000 calls for 1,000 requests. A list of 1,000 accounts is 41 calls, so at 50 requests a second and 30 s of freshness the ratio cannot be below 41 in 1,500 requests, 1/37, whatever the product does. For the same list, a client of that proxy makes 40 requests.
`;
