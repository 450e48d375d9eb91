// Reads the sandbox's description of Stripe's operations, and makes parameters by it.

export class Description {
  operations = new Map();
  #groups = new Map();
  #words = new Map();

  constructor(text) {
    for (const line of text.split('\n').filter((one) => one && !one.startsWith('#'))) {
      const [head, ...rest] = line.split(' ');
      if (head.startsWith('(@')) this.#words.set(head, rest.join(' ').split('|'));
      else if (head.startsWith('{')) this.#groups.set(head, rest);
      else {
        const [path, , answer, ...fields] = rest;
        this.operations.set(`${head} ${path}`, { answer, fields });
      }
    }
  }

  /** What an operation answers: `charge`. */
  answer(verb, path) {
    return this.operations.get(`${verb} ${path}`)?.answer.split('|')[0];
  }

  /** Parameters with all that is required, and nothing else. */
  sample(verb, path, made) {
    const operation = this.operations.get(`${verb} ${path}`);
    return operation ? this.#fields(operation.fields, made) : {};
  }

  #fields(fields, made) {
    const required = fields.map((field) => field.match(/^([^=]+)=(.*)!$/)).filter(Boolean);
    return Object.fromEntries(required.map(([, name, type]) => [name, this.#value(name, type.split(';')[0], made)]));
  }

  #value(name, type, made) {
    if (type.startsWith('[]')) return [this.#value(name, type.slice(2), made)];
    if (type.startsWith('{')) return this.#fields(this.#groups.get(type) ?? [], made);
    if (type.startsWith('(')) return (this.#words.get(type) ?? type.slice(1, -1).split('|'))[0];
    if (type.startsWith('*')) return { key: 'value' };
    if (type === 'boolean') return true;
    if (type === 'integer' || type === 'number') return /amount|value|_cost/.test(name) ? 100 : made.soon();
    return made.text(name);
  }
}
