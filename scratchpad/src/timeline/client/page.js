// @ts-check
/** The script of the page. All texts come from the model and are set as text, never as HTML. */

/** @import { Instant, Model, Run, Visit } from "../model.ts" */

/** @type {Model} */
const model = JSON.parse(byId("model").textContent ?? "")
const slider = /** @type {HTMLInputElement} */ (byId("slider"))
const choice = /** @type {HTMLSelectElement} */ (byId("run"))
const even = /** @type {HTMLInputElement} */ (byId("even"))
const [title, summary, stepText, axis, lanes, cursor, tip, path, play, timeline] = [
  "title",
  "summary",
  "step",
  "axis",
  "lanes",
  "cursor",
  "tip",
  "path",
  "play",
  "timeline"
].map(byId)

const longestPath = 60

let run = /** @type {Run | undefined} */ (model.runs[0])
let step = 0
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer
/** @type {Array<{ readonly visit: Visit, readonly bar: HTMLElement }>} */
let bars = []

// -----------------------------------------------------------------------------
// elements
// -----------------------------------------------------------------------------

/** @param {string} id */
function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element "${id}"`)
  return element
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} className
 * @param {string} [text]
 */
function make(name, className, text) {
  const element = document.createElement(name)
  element.className = className
  if (text !== undefined) element.textContent = text
  return element
}

/** @param {number} n @param {string} what */
const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`

/** @param {number} ms */
const time = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(2))} s`)

// -----------------------------------------------------------------------------
// the timeline
// -----------------------------------------------------------------------------

/** Where an instant is on the axis, from 0 to 1. @param {Run} run @param {Instant} instant */
function place(run, instant) {
  const [value, end] = even.checked ? [instant.step, run.steps.length - 1] : [instant.ms, run.ms]
  return end === 0 ? 0 : Math.min(1, value / end)
}

/** @param {number} part */
const percent = (part) => `${part * 100}%`

/** @param {Run} run */
function drawTimeline(run) {
  const machine = model.machines[run.machine]
  bars = []
  lanes.replaceChildren()
  for (const [index, { name }] of machine.states.entries()) {
    const visits = run.visits.filter(({ state }) => state === index)
    if (visits.length === 0) continue
    const lane = make("div", "lane")
    lane.setAttribute("role", "group")
    lane.setAttribute("aria-label", name)
    const label = make("div", "lane-name", name)
    label.title = name
    const track = make("div", "track")
    for (const visit of visits) track.append(drawVisit(run, visit))
    lane.append(label, track)
    lanes.append(lane)
  }
  drawAxis(run)
}

/** @param {Run} run @param {Visit} visit */
function drawVisit(run, visit) {
  const bar = make("button", `bar ${visit.outcome}`)
  bar.type = "button"
  bar.setAttribute("aria-label", [visit.text, ...visit.details].join(". "))
  const start = place(run, visit.start)
  const length = place(run, visit.end) - start
  bar.style.left = percent(start)
  if (visit.outcome !== "exit") bar.style.width = percent(length)
  for (const attempt of visit.attempts) {
    const from = length === 0 ? 0 : (place(run, attempt.start) - start) / length
    const to = length === 0 ? 1 : (place(run, attempt.end) - start) / length
    const part = make("span", attempt.error === undefined ? "attempt" : "attempt failed")
    part.style.left = percent(from)
    part.style.width = percent(to - from)
    bar.append(part)
    if (attempt.error === undefined) continue
    const mark = make("span", "mark", "✗")
    mark.style.left = percent(to)
    bar.append(mark)
  }
  bar.addEventListener("mouseenter", () => tell(visit, bar))
  bar.addEventListener("focus", () => tell(visit, bar))
  bar.addEventListener("mouseleave", hush)
  bar.addEventListener("blur", hush)
  bar.addEventListener("click", () => go(Math.ceil(visit.start.step)))
  bars.push({ visit, bar })
  return bar
}

/** @param {Run} run */
function drawAxis(run) {
  axis.replaceChildren()
  const end = even.checked ? run.steps.length - 1 : run.ms
  const most = Math.max(2, Math.floor(axis.clientWidth / 80))
  const scale = 10 ** Math.floor(Math.log10(end / most || 1))
  const size = [1, 2, 5, 10].map((factor) => factor * scale).find((size) => end / size <= most) ?? end
  const unit = even.checked ? Math.max(1, Math.round(size)) : size
  for (let value = 0; value <= end; value += unit) {
    if (value > 0 && (value / end) * axis.clientWidth > axis.clientWidth - 40) break
    const tick = make("span", "tick", even.checked ? String(value + 1) : time(value))
    tick.style.left = percent(end === 0 ? 0 : value / end)
    axis.append(tick)
  }
}

/** Shows what there is to know of a visit, beside its bar. @param {Visit} visit @param {HTMLElement} bar */
function tell(visit, bar) {
  tip.replaceChildren(make("strong", "", visit.text), ...visit.details.map((text) => make("span", "", text)))
  tip.hidden = false
  const box = bar.getBoundingClientRect()
  const frame = timeline.getBoundingClientRect()
  const left = Math.min(Math.max(0, box.left - frame.left), frame.width - tip.offsetWidth)
  tip.style.left = `${Math.max(0, left)}px`
  tip.style.top = `${box.bottom - frame.top + 6}px`
}

function hush() {
  tip.hidden = true
}

// -----------------------------------------------------------------------------
// the state of the run
// -----------------------------------------------------------------------------

/** Shows a step of the run. @param {number} to */
function go(to) {
  if (run === undefined) return
  const last = run.steps.length - 1
  step = Math.min(Math.max(0, to), last)
  const now = run.steps[step]
  slider.value = String(step)
  const place = `Step ${step + 1} of ${last + 1}, at ${time(now.ms)}`
  slider.setAttribute("aria-valuetext", `${place}: ${now.text}`)
  stepText.replaceChildren(make("span", "when", `${place}: `), make("strong", "", now.text))
  drawCursor(run)
  drawStates(run)
  drawPath(run)
}

/** @param {Run} run */
function drawCursor(run) {
  const now = run.steps[step]
  cursor.style.left = percent(place(run, { ms: now.ms, step }))
  for (const { bar, visit } of bars) {
    bar.classList.toggle("ahead", visit.start.step > step)
    const isNow = visit.start.step <= step && step <= visit.end.step && visit.state === now.state
    bar.classList.toggle("now", isNow)
    if (isNow) bar.setAttribute("aria-current", "step")
    else bar.removeAttribute("aria-current")
  }
}

/** @param {Run} run */
function drawStates(run) {
  const machine = model.machines[run.machine]
  const now = run.steps[step]
  const isOver = step === run.steps.length - 1
  const frame = document.querySelector(`[data-machine="${run.machine}"]`)
  for (const [index, { isExit, name }] of machine.states.entries()) {
    const seen = run.visits.filter(({ start, state }) => state === index && start.step <= step)
    const attempts = seen.flatMap(({ attempts }) => attempts).filter(({ start }) => start.step <= step).length
    const isNow = now.state === index
    const hasFailed = isNow && isOver && ["failure", "defect", "interrupted"].includes(run.outcome)
    const state = frame?.querySelector(`[data-state="${index}"]`)
    state?.classList.toggle("current", isNow)
    state?.classList.toggle("visited", seen.length > 0)
    state?.classList.toggle("broken", hasFailed)
    const words =
      seen.length === 0 ? "" : isExit ? "the end" : `${count(seen.length, "visit")} · ${count(attempts, "attempt")}`
    const counts = state?.querySelector(".count")
    if (counts) counts.textContent = words
    state?.setAttribute("aria-label", [name, ...(isNow ? ["here now"] : []), words || "not visited"].join(", "))
  }
  keepInView(frame, frame?.querySelector(".current"))
  const taken = run.steps.slice(0, step + 1).flatMap(({ edge }) => edge ?? [])
  for (const edge of frame?.querySelectorAll("[data-edge]") ?? []) {
    const index = Number(edge.getAttribute("data-edge"))
    edge.classList.toggle("taken", taken.includes(index))
    edge.classList.toggle("last", now.edge === index)
  }
}

/** Scrolls the frame of a large diagram, and nothing else. @param {Element | null} frame @param {Element | null | undefined} state */
function keepInView(frame, state) {
  if (!frame || !state || frame.scrollWidth <= frame.clientWidth) return
  const outer = frame.getBoundingClientRect()
  const inner = state.getBoundingClientRect()
  if (inner.left >= outer.left && inner.right <= outer.right) return
  frame.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2
}

/** @param {Run} run */
function drawPath(run) {
  const machine = model.machines[run.machine]
  const steps = run.steps.slice(0, step + 1).filter(({ edge }, index) => index === 0 || edge !== undefined)
  const shown = steps.slice(-longestPath)
  const items = shown.map(({ state }) => make("li", "", machine.states[state]?.name ?? "?"))
  items.at(-1)?.setAttribute("aria-current", "step")
  const left = steps.length - shown.length
  path.replaceChildren(...(left === 0 ? [] : [make("li", "more", `${left} before`)]), ...items)
}

// -----------------------------------------------------------------------------
// moving
// -----------------------------------------------------------------------------

function stop() {
  clearInterval(timer)
  timer = undefined
  play.textContent = "▶ Play"
  stepText.setAttribute("aria-live", "polite")
}

function toggle() {
  if (timer !== undefined || run === undefined) return stop()
  const last = run.steps.length - 1
  if (step === last) go(0)
  play.textContent = "❚❚ Pause"
  // A screen reader would not keep up.
  stepText.setAttribute("aria-live", "off")
  timer = setInterval(
    () => {
      go(step + 1)
      if (step === last) stop()
    },
    Math.min(700, Math.max(40, 30_000 / last))
  )
}

/** @param {number} to */
function jump(to) {
  stop()
  go(to)
}

/** @param {number} index */
function show(index) {
  stop()
  run = model.runs[index]
  for (const svg of document.querySelectorAll("svg.machine")) {
    // A large diagram scrolls in its frame before it is too small to read.
    if (svg instanceof SVGElement) svg.style.minWidth = `${Number(svg.getAttribute("width")) * 0.6}px`
  }
  for (const frame of document.querySelectorAll("[data-machine]")) {
    frame.toggleAttribute("hidden", run !== undefined && frame.getAttribute("data-machine") !== String(run.machine))
  }
  if (run === undefined) {
    summary.textContent = "No run was recorded."
    return
  }
  title.textContent = model.machines[run.machine].name
  summary.textContent = `${run.summary}.`
  summary.className = run.outcome
  slider.max = String(run.steps.length - 1)
  // Where nothing takes time, time shows nothing.
  even.checked = run.ms < run.steps.length
  drawTimeline(run)
  go(0)
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.key === "Escape") return hush()
  const { target } = event
  const isOwn = target instanceof HTMLSelectElement || target instanceof HTMLInputElement
  if (isOwn || event.altKey || event.ctrlKey || event.metaKey) return
  const last = run === undefined ? 0 : run.steps.length - 1
  const targets = new Map([
    ["ArrowRight", step + 1],
    ["ArrowLeft", step - 1],
    ["Home", 0],
    ["End", last]
  ])
  const to = targets.get(event.key)
  if (to !== undefined) jump(to)
  else if (event.key === " " && !(target instanceof HTMLButtonElement)) toggle()
  else return
  event.preventDefault()
}

for (const [index, { depth, title }] of model.runs.entries()) {
  const option = make("option", "", `${"\u2003".repeat(depth)}${title}`)
  option.value = String(index)
  choice.append(option)
}
byId("choice").hidden = model.runs.length < 2
choice.addEventListener("change", () => show(Number(choice.value)))
slider.addEventListener("input", () => jump(Number(slider.value)))
play.addEventListener("click", toggle)
byId("back").addEventListener("click", () => jump(step - 1))
byId("next").addEventListener("click", () => jump(step + 1))
even.addEventListener("change", () => {
  if (run === undefined) return
  drawTimeline(run)
  go(step)
})
addEventListener("resize", () => run !== undefined && drawAxis(run))
document.addEventListener("keydown", press)
show(0)
