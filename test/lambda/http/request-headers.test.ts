import { expect, it } from 'vitest';
import { type HeadersEvent, headerOf } from '../../../lambda/http/request.ts';

const eventOf = (event: Partial<Record<keyof HeadersEvent, unknown>>) => event as HeadersEvent;

it.each([
  ['in both forms', { headers: { 'X-A': '2' }, multiValueHeaders: { 'X-A': ['1', '2'] } }, '1, 2'],
  ['in the multi-value form', { headers: null, multiValueHeaders: { 'x-a': ['1'] } }, '1'],
  ['in the single form', { headers: { 'X-a': '1' }, multiValueHeaders: null }, '1'],
  ['in an event made by hand', { headers: { 'x-A': '1' } }, '1'],
  ['as an empty text', { headers: { 'x-a': '' }, multiValueHeaders: { 'x-a': [''] } }, ''],
  ['under another name alone', { headers: { 'x-ab': '1' }, multiValueHeaders: {} }, undefined],
  ['nowhere', {}, undefined],
])('a header is found whatever the case of its name: %s', (_, event, value) => {
  expect(headerOf(eventOf(event), 'x-a')).toBe(value);
});
