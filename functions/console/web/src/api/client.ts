import i18n from '../text';
import type { Problem } from './types';

/** What the API said no to, with its advice, or that there was no answer: then status is 0. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

let signedOut = () => {};

/** What to do once the API knows the caller no more. */
export function onSignedOut(listener: () => void) {
  signedOut = listener;
}

/** The API is beside the page, whatever prefix both are below. */
const base = new URL('api/v1/', document.baseURI.split('#')[0]);

const patience = 70_000; // a function ends after 60 s; set-up after 120 s polls

export type Query = Record<string, string | number | boolean | undefined>;

export interface Call {
  query?: Query;
  body?: unknown;
  raw?: string; // a body that is no JSON
  text?: boolean; // the answer is text
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Answer<T> {
  body: T;
  etag: string;
}

/** Calls the API. What is not a 2xx is thrown as a {@link Refused}. */
export async function call<T>(method: string, path: string, options: Call = {}): Promise<Answer<T>> {
  const url = new URL('./' + path, base) // a path may hold a colon, which would be a scheme;
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = {
    'Accept-Language': i18n.language,
    ...options.headers,
  };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  const late = AbortSignal.timeout(patience);
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal ? AbortSignal.any([options.signal, late]) : late,
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refused(noAnswer(late.aborted));
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401) signedOut();
    throw new Refused(problem);
  }
  const text = await response.text();
  if (options.text) return { body: text as T, etag: '' };
  try {
    return { body: (text === '' ? undefined : JSON.parse(text)) as T, etag: response.headers.get('ETag') ?? '' };
  } catch {
    throw new Refused(strange(response.status));
  }
}

export const get = async <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await call<T>('GET', path, { query, signal })).body;

function noAnswer(late: boolean): Problem {
  return {
    type: '', title: '', status: 0, code: late ? 'TimedOut' : 'Offline',
    detail: i18n.t(late ? 'problem.late' : 'problem.offline'),
    advice: i18n.t(late ? 'problem.lateAdvice' : 'problem.offlineAdvice'),
  };
}

function strange(status: number): Problem {
  return {
    type: '', title: '', status, code: 'Strange',
    detail: i18n.t('problem.strange', { status }), advice: i18n.t('problem.strangeAdvice'),
  };
}

/** Function Compute itself answers with Code and Message, such as 429 ResourceExhausted. */
async function problemOf(response: Response): Promise<Problem> {
  let said: Partial<Problem> & { Code?: string; Message?: string };
  try {
    said = await response.json();
  } catch {
    return strange(response.status);
  }
  if (typeof said.detail === 'string' && typeof said.code === 'string') {
    return { type: '', title: '', status: response.status, advice: '', ...said } as Problem;
  }
  return { ...strange(response.status), code: said.Code ?? 'Strange', detail: said.Message ?? strange(response.status).detail };
}

/** The problem of an error, whatever it is. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  return {
    type: '', title: '', status: 0, code: 'Page', detail: error instanceof Error ? error.message : String(error),
    advice: i18n.t('problem.pageAdvice'),
  };
}
