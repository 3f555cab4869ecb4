import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';

/** Debian's Chromium; elsewhere the environment says where one is. */
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-background-networking', '--disable-component-update'];

let sandbox: Sandbox;
let browser: Browser;
let page: Page;
let elsewhere: string[];
let complaints: string[];

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([
    startSandbox(),
    chromium.launch({ executablePath, args }),
  ]);
});
afterAll(async () => {
  await browser.close();
  await sandbox.stop();
});

beforeEach(async () => {
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  elsewhere = [];
  complaints = [];
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'data:' && hostname !== '127.0.0.1') elsewhere.push(hostname);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Answers of 4xx and 5xx are asked for here.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  await page.goto(sandbox.docsUrl);
});
afterEach(async () => {
  await page.close();
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
});

async function authorize(partner: string): Promise<void> {
  const { clientId = '', clientSecret = '' } = sandbox.partners[partner] ?? {};
  await page.locator('.auth-wrapper .authorize').first().click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('input[data-name="clientId"]').fill(clientId);
  await dialog.locator('input[data-name="clientSecret"]').fill(clientSecret);
  await dialog.locator('label[for*="accounts/read-"]').first().click();
  await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click();
  await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
  await dialog.locator('.btn-done').click();
}

/** The operation that is open from the start. */
async function listOperation(): Promise<Locator> {
  const operation = page.locator('[id$="-listAccounts"]');
  await operation.locator('button.execute').waitFor();
  return operation;
}

/** Chooses who asks, and waits for their token; '' for nobody. */
async function choose(partner: string): Promise<void> {
  const token = partner === '' ? undefined : page.waitForResponse(sandbox.tokenUrl);
  await page.selectOption('#partner', partner);
  await token;
  await page
    .locator(`.authorize.${partner === '' ? 'unlocked' : 'locked'}`)
    .first()
    .waitFor();
}

/** Sends the request, and reads what the page shows of the answer. */
async function execute(operation: Locator): Promise<{ status: number; body: unknown }> {
  const answered = page.waitForResponse((response) => response.url().startsWith(sandbox.url));
  await operation.locator('button.execute').click();
  const status = (await answered).status();
  const shown = operation.locator('.live-responses-table .response');
  await shown.locator('.response-col_status', { hasText: String(status) }).waitFor();
  const body = await shown.locator('.highlight-code code').first().innerText();
  return { status, body: JSON.parse(body) };
}

test('a partner authorises, tries it out, sees accounts, and an error that helps', async () => {
  await authorize(Object.keys(sandbox.partners)[0] ?? '');
  const list = await listOperation();

  const good = await execute(list);
  expect(good.status).toBe(200);
  expect(good.body).toMatchObject({
    paginationInfo: { pagenum: 1, pagesize: 100 },
    account: expect.arrayContaining([
      expect.objectContaining({ name: 'order_account' }),
    ]) as unknown,
  });

  // A slip that Swagger UI lets pass: a date where a date-time is wanted.
  await list.locator('tr[data-param-name="createdAfter"] input').fill('2026-01-31');
  const bad = await execute(list);
  expect(bad.status).toBe(400);
  expect(bad.body).toMatchObject({
    code: '400-901',
    details: [{ key: 'createdAfter' }],
  });
  expect(elsewhere).toEqual([]);
});

test('who is chosen is who asks, each time anew', async () => {
  const list = await listOperation();
  const countOf = async () => {
    const { status, body } = await execute(list);
    const { paginationInfo, code } = body as {
      paginationInfo?: { count: number };
      code?: string;
    };
    return [status, paginationInfo?.count ?? code];
  };

  await choose('acme');
  const all = await countOf();
  await choose('chat-desk');
  const some = await countOf();
  await choose('');

  expect(all).toEqual([200, 240]);
  expect(some[0]).toBe(200);
  expect(Number(some[1])).toBeLessThan(240);
  expect(await countOf()).toEqual([401, '401-901']);
});

test.each([
  ['', 401],
  ['acme', 400],
])('an error of %j is an answer that the document has: %i', async (partner, status) => {
  await choose(partner);
  const list = await listOperation();
  await list.locator('tr[data-param-name="createdAfter"] input').fill('2026-01-31');

  expect((await execute(list)).status).toBe(status);
  const shown = await list.locator('.live-responses-table .response').innerText();
  expect(shown).not.toContain('Undocumented');
});

test.each([1280, 390])(
  'at %i px the list is open in sight, without a box of schemas',
  async (width) => {
    await page.setViewportSize({ width, height: 844 });
    const operation = await listOperation();

    const box = await operation.boundingBox();

    const button = await operation.locator('button.execute').boundingBox();

    expect(box?.y ?? Infinity).toBeLessThan(422);
    expect((button?.y ?? Infinity) + (button?.height ?? 0)).toBeLessThanOrEqual(844);
    expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      width,
    );
    expect(await page.locator('.models').count()).toBe(0);
    expect(await operation.innerText()).not.toContain('`');
  },
);

test("at 900 px height the dialog's button is in sight, and knows the partner", async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await choose('acme');
  await page.locator('.auth-wrapper .authorize').first().click();
  await page.getByRole('button', { name: 'Remove authorization' }).click();

  const button = page.getByRole('button', { name: 'Apply given OAuth2 credentials' });
  const box = await button.boundingBox();
  const id = await page.locator('input[data-name="clientId"]').inputValue();

  expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(900);
  expect(id).toBe(sandbox.partners['acme']?.clientId);
});

test('guide, errors and changelog are pages, with links that work', async () => {
  for (const [name, title] of [
    ['guide', 'Partner guide'],
    ['errors', 'Errors'],
    ['changelog', 'What changed for partners'],
  ] as const) {
    await page.goto(sandbox.docsUrl);
    await page.locator(`#more a[href="/docs/${name}"]`).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    const links = await page.locator('a').evaluateAll((all) => all.map((one) => String(one)));
    const statuses = await Promise.all(links.map(async (link) => (await fetch(link)).status));

    expect(links.length).toBeGreaterThan(2);
    expect(links.filter((link) => !link.startsWith(sandbox.url))).toEqual([]);
    expect(statuses).toEqual(links.map(() => 200));
  }
});
