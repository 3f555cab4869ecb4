/** The floor: what the platform costs before any code of a handler's own. */
export const handler = async () => ({ statusCode: 200, body: '{}' });
