// Drives a headless Chromium over its debugging pipe: no package is needed for that.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Nothing takes as long; it only ends a test that would hang. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Asks again until the answer is truthy, and throws with the last one when it never is. */
export async function eventually(what, ask) {
  const end = Date.now() + PATIENCE_MS;
  let last;
  while (Date.now() < end) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      // A page on its way to another one has no context to ask in.
      last = error;
    }
    await sleep(PAUSE_MS);
  }
  throw new Error(`never ${what}: ${last}`);
}

export class Browser {
  #child;
  #folder;
  #next = 1;
  #waiting = new Map();
  #listeners = [];
  #rest = "";

  static async start(binary) {
    const browser = new Browser();
    browser.#folder = await mkdtemp(join(tmpdir(), "sluicegate-chromium-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,900",
      // Whoever is not on this machine is not there: the shop has to work without a network.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--no-proxy-server",
      `--user-data-dir=${browser.#folder}`, "--remote-debugging-pipe", "about:blank"];
    browser.#child = spawn(binary, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.#child.stdio[4].setEncoding("utf8").on("data", (text) => browser.#read(text));
    return browser;
  }

  #read(text) {
    const messages = (this.#rest + text).split("\0");
    this.#rest = messages.pop();
    for (const message of messages.map((json) => JSON.parse(json))) {
      const waiting = this.#waiting.get(message.id);
      if (waiting) {
        this.#waiting.delete(message.id);
        if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
        else waiting.resolve(message.result);
      } else {
        this.#listeners.forEach((listener) => listener(message));
      }
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => { this.#waiting.set(id, { method, resolve, reject }); });
    this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer;
  }

  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#listeners.push((message) => page.hear(message));
    for (const domain of ["Page", "Runtime", "Log"]) await page.send(`${domain}.enable`);
    return page;
  }

  async stop() {
    const ended = new Promise((done) => { this.#child.once("close", done); });
    this.#child.kill();
    await ended;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Page {
  /** What the page complained about: exceptions, errors of the console, refused by a policy. */
  complaints = [];
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  hear({ method, params, sessionId }) {
    if (sessionId !== this.#session) return;
    if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception?.description);
    if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  async open(url) {
    await this.send("Page.navigate", { url });
    await eventually(`${url} is loaded`, () => this.run("document.readyState === 'complete' && location.href !== 'about:blank'"));
  }

  /** The value of an expression, in the page or in one of its frames. */
  async run(expression, contextId = undefined) {
    const answer = await this.send("Runtime.evaluate", { expression, contextId, returnByValue: true, awaitPromise: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? expression);
    return answer.result.value;
  }

  text(selector) {
    return this.run(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }

  /** Where an element is, once it can be seen. */
  #place(selector, contextId) {
    return eventually(`${selector} can be clicked`, () => this.run(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element?.scrollIntoView({ block: 'center' });
      const box = element?.getBoundingClientRect();
      return box && box.width > 0 && !element.disabled && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    })()`, contextId));
  }

  /** Presses the mouse in the middle of an element; `frame` is the one it is in. */
  async click(selector, frame = undefined) {
    const { x, y } = await this.#place(selector, frame?.context);
    const at = { x: x + (frame?.x ?? 0), y: y + (frame?.y ?? 0), button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
  }

  /** Clicks into an input and types. */
  async type(selector, text, frame = undefined) {
    await this.click(selector, frame);
    for (const key of text) {
      await this.send("Input.dispatchKeyEvent", { type: "keyDown", text: key, key });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
    }
  }

  /** The frame whose address contains `part`, once it is there: a context to run in, and where it is. */
  frame(part) {
    return eventually(`a frame of ${part}`, async () => {
      const { frameTree } = await this.send("Page.getFrameTree");
      const found = frameTree.childFrames?.find(({ frame }) => frame.url.includes(part))?.frame;
      if (!found) return undefined;
      const world = await this.send("Page.createIsolatedWorld", { frameId: found.id });
      const place = await this.run(`(() => {
        const frame = [...document.querySelectorAll('iframe')].find((one) => one.src.includes(${JSON.stringify(part)}));
        const box = frame?.getBoundingClientRect();
        return box && box.width > 0 && { x: box.x, y: box.y };
      })()`);
      return place && { context: world.executionContextId, ...place };
    });
  }

  /** A picture for whoever has to find out why a test failed. */
  async picture(path) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    await writeFile(path, Buffer.from(data, "base64"));
  }
}
