# The three templates in Ruby Liquid: prints a line per measurement, writes the output to a folder.
require 'json'
require 'liquid'

SHAPES = File.join(__dir__, '..', 'shapes')
FOLDER = ARGV.fetch(0)
ENGINE = ARGV.fetch(1)

def text(name) = File.read(File.join(SHAPES, "#{name}.liquid"))

# Partials from the templates' folder.
class Files
  def read_template_file(name) = text(name)
end
Liquid::Template.file_system = Files.new

# Compiles every template: the templates in order, the partials parsed.
def compile(name)
  templates = name == 'page' ? [Liquid::Template.parse(text('page')), Liquid::Template.parse(text('layout'))] : [Liquid::Template.parse(text(name))]
  partials = {}
  partials['row:lax'] = Liquid::Template.parse(text('row')) if name == 'page'
  [templates, partials]
end

def render((templates, partials), data)
  registers = { cached_partials: partials }
  output = templates[0].render!(data.dup, registers: registers)
  return output unless templates[1]
  templates[1].render!(data.merge('content_for_layout' => output), registers: registers)
end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

# The best of many short rounds, after a warm-up.
def rate
  begun = now
  yield while now - begun < 1.0
  (0...40).map do
    begun = now
    count = 0
    (yield; count += 1) while now - begun < 0.05
    count / (now - begun)
  end.max
end

%w[create_payment response_mapper page].each do |name|
  data = JSON.parse(File.read(File.join(SHAPES, "#{name}.json")))
  compiled = compile(name)
  File.write(File.join(FOLDER, "ruby-#{name}.txt"), render(compiled, data))
  puts [ENGINE, name, 'render', rate { render(compiled, data) }.round].join("\t")
  puts [ENGINE, name, 'compile+render', rate { render(compile(name), data) }.round].join("\t")
end
