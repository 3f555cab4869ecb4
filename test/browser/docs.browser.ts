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
  await page.goto(sandbox.docsUrl);
});
afterEach(async () => {
  await page.close();
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

async function open(operationId: string): Promise<Locator> {
  const operation = page.locator(`[id$="-${operationId}"]`);
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('button.execute').waitFor();
  return operation;
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
  const list = await open('listAccounts');

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
  expect(complaints).toEqual([]);
});

test('without a token, the envelope of a 401', async () => {
  const { status, body } = await execute(await open('listAccounts'));
  expect(status).toBe(401);
  expect(body).toMatchObject({ code: '401-901' });
});

test('on a phone an opened operation is no wider than the screen', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const operation = await open('listAccounts');

  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  const box = await operation.boundingBox();

  expect(width).toBeLessThanOrEqual(390);
  expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(390);
  expect(await operation.innerText()).not.toContain('`');
});

test("at 900 px height the dialog's button is in sight, with a partner picked", async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.selectOption('#partner', 'acme');

  const button = page.getByRole('button', { name: 'Apply given OAuth2 credentials' });
  const box = await button.boundingBox();
  const id = await page.locator('input[data-name="clientId"]').inputValue();

  expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(900);
  expect(id).toBe(sandbox.partners['acme']?.clientId);
});

test('the errors of an operation are one table, and guide, errors and changelog are a link away', async () => {
  const operation = await open('listAccounts');

  expect(await operation.locator('.opblock-description table').count()).toBe(1);
  expect(await operation.locator('tr.response').count()).toBeLessThanOrEqual(2);
  for (const name of ['guide', 'errors', 'changelog']) {
    const href = await page.locator(`#more a[href="/docs/${name}"]`).getAttribute('href');
    const answer = await fetch(new URL(href ?? '', sandbox.docsUrl));
    expect([answer.status, (await answer.text()).startsWith('# ')]).toEqual([200, true]);
  }
});
