// Derives src/description/{operations,objects}.txt from the types of the official Node SDK, and with
// the argument `v2` operations_v2.txt and objects_v2.txt.
//
//   STRIPE_SDK=…/node_modules/stripe TYPESCRIPT=…/node_modules/typescript \
//     STRIPE_EXTRACT=…/openapi-extract.json node crates/sandbox/description/derive.mjs [v2]
//
// Only facts are written: names, types, and which are required. The extract adds what types do not
// have: the longest length of a string, integers, and parameters that only old API versions know.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const ts = require(process.env.TYPESCRIPT ?? 'typescript');
const sdk = process.env.STRIPE_SDK;
const extract = JSON.parse(readFileSync(process.env.STRIPE_EXTRACT, 'utf8'));
const target = join(dirname(fileURLToPath(import.meta.url)), '../src/description');

// Of v2: accounts, event destinations, events and meter events.
const V2 = /^V2\/(Core\/(Accounts|AccountLinks|EventDestinations|Events|Accounts\/Persons)|Billing\/\w+)\.d\.ts$/;
const isV2 = process.argv[2] === 'v2';
const isSource = (name) => (isV2 ? V2.test(name) : name.endsWith('.d.ts') && !name.startsWith('V2'));
const files = readdirSync(join(sdk, 'esm/resources'), { recursive: true }).filter(isSource).sort();
const paths = files.map((name) => join(sdk, 'esm/resources', name));
const program = ts.createProgram(paths, { strict: true, noLib: false, skipLibCheck: true });
const checker = program.getTypeChecker();
const has = (type, flag) => (type.flags & flag) !== 0;
const nameOf = (type) => type.aliasSymbol?.name ?? type.symbol?.name;

// Names that are fractions; every other number of a parameter is an integer.
const FRACTION = /percent|rate$|latitude|longitude|weight|height|width|length|^unit_cost$/;

// Numbers that are written as strings, which the SDK has a class of its own for.
const DECIMAL = /_decimal$|^metric_tons|^fx_rate$|^quantity$/;
const LISTS = ['ApiList', 'ApiListPromise', 'ApiSearchResult', 'V2ListPromise'];

/** Groups and word lists that are used in several places, by what they contain. */
class Shared {
  groups = new Map();
  words = new Map();
  #taken = new Map();

  #add(known, content, hint, marks) {
    if (!known.has(content)) {
      const key = marks + hint;
      const count = (this.#taken.get(key) ?? 0) + 1;
      this.#taken.set(key, count);
      const name = isV2 ? `v2.${hint}` : hint;
      known.set(content, count === 1 ? name : `${name}.${count}`);
    }
    return known.get(content);
  }

  group(fields, hint) {
    return `{${this.#add(this.groups, fields.join(' '), hint, '{')}}`;
  }

  choice(words, hint) {
    const content = words.join('|');
    if (/[\s=!?;,]/.test(content)) throw new Error(`a word has a mark of the format: ${content}`);
    return words.length < 4 ? `(${content})` : `(@${this.#add(this.words, content, hint, '(')})`;
  }

  lines() {
    const words = [...this.words].map(([content, name]) => `(@${name}) ${content}`);
    const groups = [...this.groups].map(([content, name]) => `{${name}} ${content}`);
    return [...words.sort(), ...groups.sort()];
  }
}

const objects = new Map();
const objectShared = new Shared();
const names = new Map();

/** The literal `object: '…'` of a type, which makes it an object of the API. */
function literal(type) {
  const property = type.getProperty?.('object');
  if (!property || has(type, ts.TypeFlags.Union)) return undefined;
  const found = checker.getTypeOfSymbol(property);
  return has(found, ts.TypeFlags.StringLiteral) ? found.value : undefined;
}

/** The name of an object, and its fields the first time it is met. */
function objectName(type) {
  const interfaceName = nameOf(type);
  const kind = literal(type);
  const base = interfaceName?.startsWith('Deleted') ? `deleted_${kind}` : kind;
  let name = names.get(type);
  if (name) return name;
  const taken = [...names.values()].includes(base);
  name = taken ? `${base}:${interfaceName}` : base;
  names.set(type, name);
  objects.set(name, []);
  objects.set(name, fieldsOf(type, objectShared, 'answer'));
  return name;
}

function fieldsOf(type, shared, mode, known = {}, prefix = '') {
  const fields = [];
  for (const property of checker.getPropertiesOfType(type)) {
    const name = property.name;
    const inner = checker.getTypeOfSymbol(property);
    const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (mode === 'answer' && name === 'deleted' && optional) continue;
    if (name === 'lastResponse') continue;
    const full = prefix ? `${prefix}[${name}]` : name;
    const { text, nullable } = describe(inner, name, shared, mode, known, full);
    // What v2 leaves out, it may also answer as null.
    const canBeNull = nullable || (isV2 && optional && mode === 'answer');
    fields.push(`${name}=${text}${optional ? '' : '!'}${canBeNull ? '?' : ''}`);
  }
  return fields;
}

/** A type in the notation of the files. */
function describe(type, hint, shared, mode, known, full) {
  const parts = has(type, ts.TypeFlags.Union) ? type.types : [type];
  let nullable = false;
  const alternatives = new Set();
  const words = new Set();
  const ids = new Set();
  for (const part of parts) {
    if (has(part, ts.TypeFlags.Undefined | ts.TypeFlags.Void)) continue;
    if (has(part, ts.TypeFlags.Null)) nullable = true;
    else if (has(part, ts.TypeFlags.StringLiteral)) {
      if (part.value === '') nullable = true;
      else words.add(part.value);
    } else if (has(part, ts.TypeFlags.Any | ts.TypeFlags.Intersection) && DECIMAL.test(hint)) alternatives.add('decimal');
    else if (has(part, ts.TypeFlags.Intersection)) continue; // OtherString: an open list
    else if (has(part, ts.TypeFlags.BooleanLiteral | ts.TypeFlags.Boolean)) alternatives.add('boolean');
    else if (has(part, ts.TypeFlags.String)) alternatives.add('string');
    else if (has(part, ts.TypeFlags.Number | ts.TypeFlags.NumberLiteral))
      alternatives.add(number(hint, mode));
    else if (LISTS.includes(nameOf(part))) alternatives.add(structure(part, hint, shared, mode, known, full));
    else if (literal(part) && mode === 'answer') ids.add(objectName(part));
    else alternatives.add(structure(part, hint, shared, mode, known, full));
  }
  if (words.size > 0) {
    for (const word of known[full]?.enum ?? []) words.add(word);
    alternatives.add(shared.choice([...words], hint));
  }
  if (ids.size > 0) {
    const among = [...ids].join('|');
    const expandable = alternatives.delete('string');
    alternatives.add(expandable ? `id:${among}` : `:${among}`);
  }
  for (const old of known[full]?.alt_2023 ?? []) alternatives.add(old);
  let text = [...alternatives].join(';') || 'any';
  if (text === 'string' && known[full]?.max) text += `<${known[full].max}`;
  return { text, nullable };
}

function number(hint, mode) {
  if (mode === 'answer') return 'number';
  if (FRACTION.test(hint)) return 'number';
  return 'integer';
}

function structure(type, hint, shared, mode, known, full) {
  const name = type.symbol?.name;
  if (name === 'Date') return 'string';
  if (['Uint8Array', 'Buffer', 'FileData'].includes(name) || hint === 'file') return 'any';
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type);
    return `[]${inside(element, hint, shared, mode, known, `${full}[]`)}`;
  }
  if (LISTS.includes(nameOf(type))) {
    const [element] = type.aliasTypeArguments ?? checker.getTypeArguments(type);
    return `list:${describe(element, hint, shared, mode, known, '').text.replace(/^:/, '')}`;
  }
  const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  if (index && checker.getPropertiesOfType(type).length === 0) {
    if (hint === 'metadata') return '*string';
    return `*${inside(index.type, hint, shared, mode, known, `${full}[*]`)}`;
  }
  const fields = fieldsOf(type, shared, mode, known, full);
  return fields.length === 0 ? 'object' : shared.group(fields, hint);
}

/** The elements of an array or map; their alternatives are separated by commas. */
function inside(type, hint, shared, mode, known, full) {
  return describe(type, hint, shared, mode, known, full).text.replaceAll(';', ',');
}

// ---- operations: the address from the script, the parameters from the types

/** `METHOD path` by class and method. */
function addresses(script) {
  const found = new Map();
  let owner;
  const text = readFileSync(script, 'utf8');
  const pattern = /^export class (\w+)|^ {4}(\w+)\([^)]*\) \{|_makeRequest\('(\w+)',\s*[`']([^`']+)[`']/gm;
  let method;
  for (const [, className, name, verb, path] of text.matchAll(pattern)) {
    if (className) owner = className;
    else if (name) method = name;
    else if (path.startsWith(isV2 ? '/v2/' : '/v1/')) {
      found.set(`${owner}.${method}`, `${verb} ${path.replace(/\$\{encodeURIComponent\((\w+)\)\}/g, '*')}`);
    }
  }
  return found;
}

const facts = new Map(
  Object.entries(extract.endpoints).map(([key, fact]) => [key.replace(/\{\w+\}/g, '*'), fact]),
);
const paramShared = new Shared();
const operations = new Map();

function answerOf(signature) {
  const returned = checker.getReturnTypeOfSignature(signature);
  const wrapper = nameOf(returned);
  const list = ['ApiListPromise', 'V2ListPromise'].includes(wrapper) ? 'list:' : wrapper === 'ApiSearchResultPromise' ? 'search:' : '';
  let [inner] = returned.aliasTypeArguments ?? checker.getTypeArguments(returned);
  if (!list && nameOf(inner) === 'Response') [inner] = inner.aliasTypeArguments;
  const { text } = describe(inner, 'answer', objectShared, 'answer', {}, '');
  return list + text.replace(/^:/, '');
}

for (const path of paths) {
  const routes = addresses(path.replace('.d.ts', '.js'));
  const source = program.getSourceFile(path);
  ts.forEachChild(source, (node) => {
    if (!ts.isClassDeclaration(node)) return;
    for (const member of node.members) {
      const address = routes.get(`${node.name.text}.${member.name?.getText()}`);
      if (!address || !ts.isMethodDeclaration(member)) continue;
      const fact = facts.get(address);
      const known = fact?.params ?? {};
      const params = member.parameters.find((parameter) => parameter.name.getText() === 'params');
      const type = params && checker.getNonNullableType(checker.getTypeAtLocation(params));
      const fields = type ? fieldsOf(type, paramShared, 'param', known) : [];
      const answer = answerOf(checker.getSignatureFromDeclaration(member));
      const earlier = operations.get(address);
      operations.set(address, { answer: earlier?.answer ?? answer, fields });
    }
  });
}

// ---- what only old API versions know

/** `a[b][]` and its kin as a tree of the notation. */
function oldFields(params) {
  const at = (prefix) =>
    Object.keys(params).filter((key) =>
      prefix ? key.startsWith(`${prefix}[`) && /^\[[^\]]*\]$/.test(key.slice(prefix.length)) : !key.includes('['));
  const type = (key, hint) => {
    const fact = params[key];
    const kinds = [fact.t].flat().map((kind) => {
      if (kind === 'unix-time') return 'integer';
      if (kind === 'array') return params[`${key}[]`] ? `[]${type(`${key}[]`, hint)}` : '[]any';
      if (kind !== 'object') return fact.enum && !fact.open ? paramShared.choice(fact.enum, hint) : kind;
      const inner = at(key);
      if (inner.length === 0 || inner.includes(`${key}[*]`)) return '*string';
      return paramShared.group(inner.map((name) => field(name, name.match(/\[([^\]]*)\]$/)[1])), hint);
    });
    const text = kinds.join(';');
    return text === 'string' && fact.max ? `string<${fact.max}` : text;
  };
  const field = (key, name) =>
    `${name}=${type(key, name)}${params[key].req ? '!' : ''}${params[key].unset ? '?' : ''}`;
  return at('').map((name) => field(name, name));
}

for (const [address, fact] of isV2 ? [] : facts) {
  if (!address.includes(' /v1/')) continue;
  const old = oldFields(fact.legacy_2023 ?? (operations.has(address) ? {} : fact.params));
  const operation = operations.get(address) ?? { answer: 'any', fields: [] };
  const taken = new Set(operation.fields.map((field) => field.split('=')[0]));
  const added = old.filter((field) => !taken.has(field.split('=')[0])).map((field) => field.replace('!', ''));
  operations.set(address, { ...operation, fields: [...operation.fields, ...added] });
}

// What neither has: `METHOD path name=type …`, by hand.
for (const line of readFileSync(join(target, '../../description/legacy.txt'), 'utf8').split('\n')) {
  if (isV2 || !line || line.startsWith('#')) continue;
  const [verb, path, ...old] = line.split(' ');
  const address = `${verb} ${path}`;
  const operation = operations.get(address) ?? { answer: 'any', fields: [] };
  const given = new Set(old.map((field) => field.split('=')[0]));
  const kept = operation.fields.filter((field) => !given.has(field.split('=')[0]));
  operations.set(address, { ...operation, fields: [...kept, ...old] });
}

// An event is any of its types; its data is the object of another kind.
const eventName = isV2 ? 'v2.core.event' : 'event';
const events = program.getSourceFile(paths.find((path) => path.endsWith('/Events.d.ts')));
ts.forEachChild(events, (node) => {
  if (ts.isInterfaceDeclaration(node) && node.name.text === 'EventBase') {
    for (const name of [...objects.keys()]) if (name.split(':')[0] === eventName) objects.delete(name);
    const fields = fieldsOf(checker.getTypeAtLocation(node), objectShared, 'answer');
    if (isV2) objects.set(eventName, [...fields, 'data=object?', 'related_object=object?']);
    if (isV2) return;
    const open = { 'data': 'data=object', 'type': 'type=string' };
    objects.set('event', fields.map((field) => field.replace(/^(data|type)=[^!]+/, (_, name) => open[name])));
  }
});
for (const operation of operations.values()) {
  operation.answer = operation.answer.replace(/event(\|[\w.]*event:\w+)+/, 'event');
}

const sorted = (lines) => lines.sort((a, b) => (a < b ? -1 : 1));
const header = (what) => [
  `# ${what} of Stripe's API ${extract._about.api_version}, derived from the types of ${extract._about.sdk}`,
  '# by description/derive.mjs. The notation is explained in description/mod.rs. Do not edit.',
];
const operationLines = [...operations].map(
  ([address, { answer, fields }]) => `${address} -> ${answer}${fields.length ? ' ' : ''}${fields.join(' ')}`);
const objectLines = [...objects].map(([name, fields]) => `${name} ${fields.join(' ')}`);
const write = (name, lines) => writeFileSync(join(target, name), `${lines.join('\n')}\n`);

/** The shared lines that others name, and those that these name. */
function named(shared, lines) {
  const kept = new Set();
  const take = (line) => {
    for (const [, name] of line.matchAll(/(\{[^}]+\}|\(@[^)]+\))/g)) {
      const found = shared.find((one) => one.startsWith(`${name} `));
      if (found && !kept.has(found)) kept.add(found) && take(found.slice(name.length));
    }
  };
  lines.forEach(take);
  return shared.filter((line) => kept.has(line));
}

if (isV2) {
  // What belongs to v1 is in its own files.
  const own = objectLines.filter((line) => line.startsWith('v2.'));
  write('operations_v2.txt', [...header('Operations'), ...named(paramShared.lines(), operationLines), ...sorted(operationLines)]);
  write('objects_v2.txt', [...header('Objects'), ...named(objectShared.lines(), own), ...sorted(own)]);
} else {
  write('operations.txt', [...header('Operations'), ...paramShared.lines(), ...sorted(operationLines)]);
  write('objects.txt', [...header('Objects'), ...objectShared.lines(), ...sorted(objectLines)]);
}
console.log(`${operations.size} operations, ${objects.size} objects`);
