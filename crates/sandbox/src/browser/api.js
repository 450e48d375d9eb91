// Calls the sandbox's API as Stripe's scripts do: form encoded, with the publishable key in the
// form (which spares the browser a preflight), and never throwing.

/** `{ card: { number: 1 }, list: ['a'] }` → `card[number]=1&list[0]=a`; what is not given is left out. */
export function encode(params) {
  const encoded = new URLSearchParams();
  const put = (name, value) => {
    if (value === undefined || value === null) return;
    if (typeof value === 'object') {
      Object.entries(value).forEach(([key, inner]) => put(`${name}[${key}]`, inner));
    } else {
      encoded.append(name, String(value));
    }
  };
  Object.entries(params).forEach(([name, value]) => put(name, value));
  return encoded;
}

/**
 * Resolves the object of the answer, or `{ error }`. `caller` says who asks and where:
 * `{ base, key, account?, version? }`.
 */
export async function call(caller, method, path, params = {}) {
  const own = { key: caller.key, _stripe_account: caller.account, _stripe_version: caller.version };
  const body = encode({ ...params, ...own });
  try {
    const answer = method === 'GET'
      ? await fetch(`${caller.base}${path}?${body}`)
      : await fetch(`${caller.base}${path}`, { method, body });
    return await answer.json();
  } catch {
    const message = 'We are experiencing issues connecting to our payments provider. You have not been charged. Please check your internet connection and try again.';
    return { error: { type: 'api_connection_error', message } };
  }
}
