// The three templates in liquidjs: prints a line per measurement, writes the output to a folder.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const { Liquid } = createRequire(join(folder, 'package.json'))('liquidjs')
const shapes = join(import.meta.dirname, '..', 'shapes')
const file = (name) => readFileSync(join(shapes, name), 'utf8')
const texts = Object.fromEntries(
  ['create_payment', 'response_mapper', 'page', 'layout', 'row'].map((name) => [name, file(`${name}.liquid`)])
)

function compile(name) {
  const engine = new Liquid({ cache: true, templates: { row: texts.row } })
  const templates = [engine.parse(texts[name])]
  if (name === 'page') templates.push(engine.parse(texts.layout))
  return { engine, templates }
}

function render({ engine, templates }, data) {
  const output = engine.renderSync(templates[0], data)
  if (templates.length === 1) return output
  return engine.renderSync(templates[1], { ...data, content_for_layout: output })
}

// The best of many short rounds, after a warm-up.
function rate(work) {
  let begun = performance.now()
  while (performance.now() - begun < 1000) work()
  let best = 0
  for (let round = 0; round < 40; round += 1) {
    begun = performance.now()
    let count = 0
    while (performance.now() - begun < 50) {
      work()
      count += 1
    }
    best = Math.max(best, (count * 1000) / (performance.now() - begun))
  }
  return Math.round(best)
}

for (const name of ['create_payment', 'response_mapper', 'page']) {
  const data = JSON.parse(file(`${name}.json`))
  const compiled = compile(name)
  writeFileSync(join(folder, `liquidjs-${name}.txt`), render(compiled, data))
  console.log(['liquidjs', name, 'render', rate(() => render(compiled, data))].join('\t'))
  console.log(['liquidjs', name, 'compile+render', rate(() => render(compile(name), data))].join('\t'))
}
