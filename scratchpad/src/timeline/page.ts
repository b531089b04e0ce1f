/**
 * One HTML file that shows runs over the diagrams of their machines. It needs no network and no other file.
 *
 * 1. It is a pure function: the same events give the same text.
 * 2. Names of states, workflows, instances and errors are text, whatever is in them. The page's policy lets no script run
 *    but its own, by hash, and nothing be loaded.
 */
import { readFileSync } from "node:fs"
import type { WorkflowEvent } from "effect-cano/Observer"
import type * as Workflow from "effect-cano/Workflow"
import { draw } from "./diagram.ts"
import { escape, hash, json } from "./html.ts"
import * as Model from "./model.ts"

const read = (name: string): string =>
  readFileSync(new URL(`client/${name}`, import.meta.url), "utf8").replaceAll("\r\n", "\n")

const style = read("page.css")
const script = read("page.js")

const policy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

/** Makes the page. Runs of other workflows than these are left out. */
export const page = (workflows: ReadonlyArray<Workflow.Workflow.Any>, events: ReadonlyArray<WorkflowEvent>): string => {
  const model = Model.make(workflows, events)
  const title = escape(workflows[0]?.name ?? "workflow")
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}: what its runs did</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1 id="title">${title}</h1>
<p id="summary"></p>
<label id="choice">Run <select id="run"></select></label>
</header>
<noscript><p>The timeline needs JavaScript. The diagram below does not.</p></noscript>
<div class="columns">
<section class="diagram" aria-labelledby="diagram-title">
<h2 id="diagram-title">The machine</h2>
${model.machines.map((machine, index) => `<div class="frame" data-machine="${index}"${index === 0 ? "" : " hidden"}>${draw(machine)}</div>`).join("\n")}
<ul class="legend">
<li class="l-current">here now</li>
<li class="l-visited">was there</li>
<li class="l-exit">exit</li>
<li class="l-error">error edge, red once it is taken</li>
</ul>
</section>
<section class="run" aria-labelledby="run-title">
<h2 id="run-title">The run</h2>
<div class="player">
<div class="controls" role="group" aria-label="Move through the run">
<button type="button" id="back" aria-label="One step back">◀</button>
<button type="button" id="play">▶ Play</button>
<button type="button" id="next" aria-label="One step on">▶</button>
<input type="range" id="slider" min="0" value="0" step="1" aria-label="Step">
</div>
<p id="step" aria-live="polite"></p>
</div>
<div class="timeline" id="timeline">
<div class="axis" id="axis" aria-hidden="true"></div>
<div id="lanes"></div>
<div class="cursor-track" aria-hidden="true"><div id="cursor"></div></div>
<div id="tip" role="tooltip" hidden></div>
</div>
<div class="under">
<ul class="legend">
<li class="l-attempt">attempt</li>
<li class="l-failed">failed attempt</li>
<li class="l-wait">waiting to retry</li>
</ul>
<label><input type="checkbox" id="even"> space the steps evenly</label>
</div>
<h2>The path so far</h2>
<ol id="path"></ol>
<p class="hint">Arrow keys move through the run, <kbd>Home</kbd> and <kbd>End</kbd> go to its ends, <kbd>Space</kbd> plays it. A bar tells more when you point at it or tab to it.</p>
</section>
</div>
</main>
<script type="application/json" id="model">${json(model)}</script>
<script>${script}</script>
</body>
</html>
`
}
