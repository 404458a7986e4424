// Vizavi's REST API. Made by `vizavi client`, from the description that the service gives at /openapi.json: do not edit.

/** What the service refused; `body` is its application/problem+json. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? String(body));
    this.status = status;
    this.body = body;
  }
}

/** One service and one key. `etag` is that of the last answer, for the `ifMatch` of an edit. */
export class Vizavi {
  constructor(url, key) {
    this.url = url.replace(/\/$/, "");
    this.key = key;
    this.etag = null;
  }

  async call(method, path, query, body, media, ifMatch, idempotencyKey) {
    const said = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null) said.set(name, value);
    const headers = { Authorization: `Bearer ${this.key}` };
    if (ifMatch !== undefined) headers["If-Match"] = ifMatch;
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    let sent;
    if (body !== undefined) {
      headers["Content-Type"] = media ?? "application/json";
      const raw = body instanceof Uint8Array || (typeof body === "string" && media !== "application/json");
      sent = raw ? body : JSON.stringify(body);
    }
    const target = this.url + path + (said.size ? `?${said}` : "");
    const answer = await fetch(target, { method, headers, body: sent });
    const text = await answer.text();
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const read = isJson && text ? JSON.parse(text) : text;
    if (!answer.ok) throw new Problem(answer.status, read);
    this.etag = answer.headers.get("ETag");
    return read;
  }

  /**
   * This document as a page.
   */
  getDocs() {
    return this.call("GET", `/docs`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The page's style.
   */
  getDocsStyleCss() {
    return this.call("GET", `/docs/style.css`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The process lives.
   */
  getHealthz() {
    return this.call("GET", `/healthz`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Takes bounces, complaints and messages that a provider reports, signed as our own webhooks are.
   * @param {Object|Array|string|Uint8Array} body
   */
  postIncomingEvents(body) {
    return this.call("POST", `/incoming/events`, {}, body, "application/json", undefined, undefined);
  }

  /**
   * Takes a mail that came back, whole, signed in the same way.
   */
  postIncomingMail() {
    return this.call("POST", `/incoming/mail`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Counters and gauges for Prometheus.
   */
  getMetrics() {
    return this.call("GET", `/metrics`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Counts that a message was opened.
   * @param {string} token
   */
  getOToken(token) {
    return this.call("GET", `/o/${part(token)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * This document.
   */
  getOpenapiJson() {
    return this.call("GET", `/openapi.json`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The store answers.
   */
  getReadyz() {
    return this.call("GET", `/readyz`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Follows a link of a message to the target that stands in it.
   * @param {string} token
   */
  getTToken(token) {
    return this.call("GET", `/t/${part(token)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What each campaign is credited with by a window and a model, beside what its holdout shows that it caused.
   * @param {string} [options.from] the begin; 90 days before the end when left out
   * @param {string} [options.to] the end; now when left out
   * @param {number} [options.days] days after a contact in which an order is credited; 14 when left out
   */
  getAttribution({ from, to, days } = {}) {
    return this.call("GET", `/v1/attribution`, { from, to, days }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Who did what, newest first.
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getAudit({ cursor, limit } = {}) {
    return this.call("GET", `/v1/audit`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Whether somebody changed or removed a row of the audit.
   */
  getAuditCheck() {
    return this.call("GET", `/v1/audit/check`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * How many contacts clients have had and are to expect, day by day and by campaign.
   * @param {number} [options.days] so many days before today, and as many from today on; 14 when left out
   */
  getCalendar({ days } = {}) {
    return this.call("GET", `/v1/calendar`, { days }, undefined, "application/json", undefined, undefined);
  }

  /**
   * All campaigns, by name.
   */
  getCampaigns() {
    return this.call("GET", `/v1/campaigns`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Begins a campaign from an example, with the offers and segments that it needs; it is a draft.
   * @param {Object|Array|string|Uint8Array} body
   * @param {string} [options.from] the example; `GET /v1/examples` names them
   */
  postCampaigns(body, { from, idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns`, { from }, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * One campaign: its state, its definition and templates.
   * @param {string} id
   */
  getCampaignsId(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Applies a definition with its templates: all faults at once, and nothing is kept when there is one.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putCampaignsId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/campaigns/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Answers for the planned version; from now on it may run.
   * @param {string} id
   */
  postCampaignsIdApprove(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/approve`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Ends the campaign; what was not sent is taken back.
   * @param {string} id
   */
  postCampaignsIdCancel(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/cancel`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * What is left of budget, stock and channels for real time and the next run, and what one more is worth now.
   * @param {string} id
   */
  getCampaignsIdCapacity(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}/capacity`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Ends the campaign when it has done what it was for: nothing new begins, its results stand.
   * @param {string} id
   */
  postCampaignsIdClose(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/close`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * The journeys of clients through the campaign.
   * @param {string} id
   * @param {string} [options.state] `active`, `done`, `reached` or `held`; all when left out
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getCampaignsIdJourneys(id, { state, cursor, limit } = {}) {
    return this.call("GET", `/v1/campaigns/${part(id)}/journeys`, { state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Stops sending; nothing is lost.
   * @param {string} id
   */
  postCampaignsIdPause(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/pause`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * The last dry run of the present version.
   * @param {string} id
   */
  getCampaignsIdPlan(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}/plan`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * A dry run as of now: waterfall, forecast, prices, sampled decisions.
   * @param {string} id
   */
  postCampaignsIdPlan(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/plan`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * What each run earned against its holdout, with interval, checks and verdict.
   * @param {string} id
   */
  getCampaignsIdResults(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}/results`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Goes on where it stopped.
   * @param {string} id
   */
  postCampaignsIdResume(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/resume`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * The runs, newest first, each reconciled to the last message.
   * @param {string} id
   */
  getCampaignsIdRuns(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}/runs`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Starts a run; an occasion has one run only.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCampaignsIdRuns(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/runs`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * The steps, each with how many clients wait for it, and how many journeys ended before it.
   * @param {string} id
   */
  getCampaignsIdSteps(id) {
    return this.call("GET", `/v1/campaigns/${part(id)}/steps`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Sends one message, as a customer would get it, to an address of yours.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCampaignsIdTestSend(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/test-send`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What it would do under other limits, beside what it would do under its own; nothing is kept.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCampaignsIdWhatIf(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/campaigns/${part(id)}/what-if`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Records one step of a claim; several as NDJSON, all or none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postClaims(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/claims`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * Customers whose complaints are open, with what winning each back is worth.
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getComplaints({ cursor, limit } = {}) {
    return this.call("GET", `/v1/complaints`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Which campaigns want the same clients now, and what it costs that only one may write; nothing is kept.
   * @param {Object|Array|string|Uint8Array} body
   */
  postConflicts(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/conflicts`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Records one consent or withdrawal, or an array of them.
   * @param {Object|Array|string|Uint8Array} body
   */
  postConsents(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/consents`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Customers, in pages.
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getCustomers({ cursor, limit } = {}) {
    return this.call("GET", `/v1/customers`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * One customer by the company's own key, with what is known at once.
   * @param {string} id
   */
  getCustomersId(id) {
    return this.call("GET", `/v1/customers/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds a customer (201), or replaces the profile.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putCustomersId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/customers/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Erases a person for good, from the store at once; the numbers of runs stay.
   * @param {string} id
   */
  deleteCustomersId(id, { idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/customers/${part(id)}`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * The next best action for a customer, and what to say.
   * @param {string} id
   */
  getCustomersIdAdvice(id) {
    return this.call("GET", `/v1/customers/${part(id)}/advice`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Merges another key into this customer for good: facts, consents and messages move.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCustomersIdAliases(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/customers/${part(id)}/aliases`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What was decided for a customer, newest first, with why.
   * @param {string} id
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getCustomersIdDecisions(id, { cursor, limit } = {}) {
    return this.call("GET", `/v1/customers/${part(id)}/decisions`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * What staff wrote down about a customer, newest first.
   * @param {string} id
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getCustomersIdNotes(id, { cursor, limit } = {}) {
    return this.call("GET", `/v1/customers/${part(id)}/notes`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Writes a note about a customer.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCustomersIdNotes(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/customers/${part(id)}/notes`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Sets who looks after a customer, and in which team.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putCustomersIdOwner(id, body, { idempotencyKey } = {}) {
    return this.call("PUT", `/v1/customers/${part(id)}/owner`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * A customer's profit and loss by month and in whole, why it is a loss and what would mend it, potential apart.
   * @param {string} id
   */
  getCustomersIdProfit(id) {
    return this.call("GET", `/v1/customers/${part(id)}/profit`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What whoever takes an account over should know: value, what is open, notes, and what to do next.
   * @param {string} id
   */
  getCustomersIdSummary(id) {
    return this.call("GET", `/v1/customers/${part(id)}/summary`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What was or is to be done for a customer, newest first.
   * @param {string} id
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getCustomersIdTasks(id, { cursor, limit } = {}) {
    return this.call("GET", `/v1/customers/${part(id)}/tasks`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds something to do for a customer.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postCustomersIdTasks(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/customers/${part(id)}/tasks`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * The whole story of a customer: facts, decisions, messages and what came of them.
   * @param {string} id
   */
  getCustomersIdTimeline(id) {
    return this.call("GET", `/v1/customers/${part(id)}/timeline`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What now for this customer, or these few? What it takes is reserved, and it is logged, before it is answered.
   * @param {Object|Array|string|Uint8Array} body
   */
  postDecisions(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/decisions`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What became of each message of a run.
   * @param {number} [options.run] the run; must be given
   * @param {string} [options.state] only deliveries in this state
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getDeliveries({ run, state, cursor, limit } = {}) {
    return this.call("GET", `/v1/deliveries`, { run, state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Sends to the missing: everyone of a run whose message failed gets another, once.
   * @param {Object|Array|string|Uint8Array} body
   */
  postDeliveriesResend(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/deliveries/resend`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Settles a held message: it arrived, it never arrived (and is sent), or it is given up.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postDeliveriesIdSettle(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/deliveries/${part(id)}/settle`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What is declared of events, by name.
   */
  getEventTypes() {
    return this.call("GET", `/v1/event-types`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Which properties an event of this name may carry.
   * @param {string} name
   */
  getEventTypesName(name) {
    return this.call("GET", `/v1/event-types/${part(name)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Declares the properties of an event (201), or replaces the declaration.
   * @param {string} name
   * @param {Object|Array|string|Uint8Array} body
   */
  putEventTypesName(name, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/event-types/${part(name)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Records something that a customer did; several as NDJSON, all or none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postEvents(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/events`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * The campaigns that come with the program.
   */
  getExamples() {
    return this.call("GET", `/v1/examples`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Each campaign against its holdout, and the variants of each campaign that has some.
   */
  getExperiments() {
    return this.call("GET", `/v1/experiments`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One experiment, with all that is needed to recompute who is in which arm. The id is CAMPAIGN or CAMPAIGN:EXPERIMENT.
   * @param {string} id
   */
  getExperimentsId(id) {
    return this.call("GET", `/v1/experiments/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Chooses a variant: by the data (409 where they cannot carry a winner), or the one that is named.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postExperimentsIdDecide(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/experiments/${part(id)}/decide`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Arms, effects with intervals, verdict and warnings of every run, with all sums that they were made of.
   * @param {string} id
   */
  getExperimentsIdResults(id) {
    return this.call("GET", `/v1/experiments/${part(id)}/results`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Exports that are whole, newest first; each is kept for two weeks.
   */
  getExports() {
    return this.call("GET", `/v1/exports`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Has a worker write facts and tables as files for a warehouse; they hold personal data.
   * @param {Object|Array|string|Uint8Array} body
   */
  postExports(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/exports`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * One export with its files.
   * @param {string} id
   */
  getExportsId(id) {
    return this.call("GET", `/v1/exports/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One file of an export.
   * @param {string} id
   * @param {string} name
   */
  getExportsIdFilesName(id, name) {
    return this.call("GET", `/v1/exports/${part(id)}/files/${part(name)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Files that were imported and what became of their lines, newest first; of others' with jobs:read.
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getImports({ cursor, limit } = {}) {
    return this.call("GET", `/v1/imports`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Takes a file (CSV, NDJSON or Parquet; plain, gzip or zstd) and imports it in the background.
   * @param {string|Uint8Array} body
   * @param {string} [options.facts] what it holds, as vizavi import calls it: orders, returns, customers, ...; must be given
   * @param {string} [options.file] its name: its ending tells the format, and it is the source of facts that name none
   * @param {boolean} [options.dry_run] read and check everything, and change nothing
   * @param {boolean} [options.again] also when the same file was imported before
   */
  postImports(body, { facts, file, dry_run, again, media = "application/octet-stream", idempotencyKey } = {}) {
    return this.call("POST", `/v1/imports`, { facts, file, dry_run, again }, body, media, undefined, idempotencyKey);
  }

  /**
   * One import: how far it is, or what became of its lines.
   * @param {string} id
   */
  getImportsId(id) {
    return this.call("GET", `/v1/imports/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The rejected lines with their reasons, to be mended and sent again: CSV, or NDJSON where the file was.
   * @param {string} id
   */
  getImportsIdRejects(id) {
    return this.call("GET", `/v1/imports/${part(id)}/rejects`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What customers ask in reply to messages.
   * @param {string} [options.state] open (when absent), noted or closed
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getInquiries({ state, cursor, limit } = {}) {
    return this.call("GET", `/v1/inquiries`, { state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Opens an inquiry that came by telephone, in a shop or from another system, and records it as an interaction.
   * @param {Object|Array|string|Uint8Array} body
   */
  postInquiries(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/inquiries`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * One inquiry, with the next best action and what to say beside it.
   * @param {string} id
   */
  getInquiriesId(id) {
    return this.call("GET", `/v1/inquiries/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Closes an inquiry that was answered.
   * @param {string} id
   */
  postInquiriesIdClose(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/inquiries/${part(id)}/close`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Records a call, message, visit or complaint; several as NDJSON, all or none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postInteractions(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/interactions`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * Background work, newest first.
   * @param {string} [options.state] waiting, running, done, dead or cancelled
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getJobs({ state, cursor, limit } = {}) {
    return this.call("GET", `/v1/jobs`, { state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * One job, with what it came to.
   * @param {string} id
   */
  getJobsId(id) {
    return this.call("GET", `/v1/jobs/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Calls a job off: one that waits is not begun, one that runs stops at its next step. 409 when it is done or cannot stop.
   * @param {string} id
   */
  postJobsIdCancel(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/jobs/${part(id)}/cancel`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Has a job tried again that was laid aside or cancelled.
   * @param {string} id
   */
  postJobsIdRetry(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/jobs/${part(id)}/retry`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * All keys, without their secrets.
   */
  getKeys() {
    return this.call("GET", `/v1/keys`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Makes a key; the answer shows it, and nothing shows it again.
   * @param {Object|Array|string|Uint8Array} body
   */
  postKeys(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/keys`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Withdraws a key, at once and for good.
   * @param {string} id
   */
  deleteKeysId(id, { idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/keys/${part(id)}`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Overview, profitability and customer equity, as of the last scoring.
   */
  getKpis() {
    return this.call("GET", `/v1/kpis`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Holds winning clients against keeping them for the same money, under each objective; keeps nothing.
   * @param {Object|Array|string|Uint8Array} body
   */
  postKpisBudget(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/kpis/budget`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What the base is worth by segment, what came in and went out, and who stayed.
   * @param {string} [options.from] the begin; 365 days before the end when left out
   * @param {string} [options.to] the end; now when left out
   */
  getKpisEquity({ from, to } = {}) {
    return this.call("GET", `/v1/kpis/equity`, { from, to }, undefined, "application/json", undefined, undefined);
  }

  /**
   * What the strategy wants: goals with indicator, actions, budgets, owners and reviews.
   */
  getKpisGoals() {
    return this.call("GET", `/v1/kpis/goals`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One goal.
   * @param {string} id
   */
  getKpisGoalsId(id) {
    return this.call("GET", `/v1/kpis/goals/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds a goal (201), or replaces it.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putKpisGoalsId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/kpis/goals/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Gives a goal up.
   * @param {string} id
   */
  deleteKpisGoalsId(id, { idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/kpis/goals/${part(id)}`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Notes that a goal, or one of its actions, was looked at, and when it is to be again.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postKpisGoalsIdReviews(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/kpis/goals/${part(id)}/reviews`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What the company goes for first, once that was chosen.
   */
  getKpisObjective() {
    return this.call("GET", `/v1/kpis/objective`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Chooses the objective: profit, clients_kept, new_clients or base_value.
   * @param {Object|Array|string|Uint8Array} body
   */
  putKpisObjective(body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/kpis/objective`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Goals and actions whose review is overdue, the longest first.
   */
  getKpisOverdue() {
    return this.call("GET", `/v1/kpis/overdue`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Per owner of campaigns and per salesperson: incremental profit and clients kept, beside turnover.
   * @param {string} [options.from] the begin; 90 days before the end when left out
   * @param {string} [options.to] the end; now when left out
   * @param {string} [options.by] the attribute of customers that names their salesperson; `salesperson` when left out
   */
  getKpisPeople({ from, to, by } = {}) {
    return this.call("GET", `/v1/kpis/people`, { from, to, by }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Profit and loss of the base: by month, unprofitable clients by tenure, whale curve, payback, causes, potential.
   */
  getKpisProfit() {
    return this.call("GET", `/v1/kpis/profit`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Answers to surveys and complaints by the team that looks after each customer.
   * @param {number} [options.days] how far back, 1 to 3660; 365 when absent
   */
  getKpisSatisfaction({ days } = {}) {
    return this.call("GET", `/v1/kpis/satisfaction`, { days }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Every indicator with its definition, window, target, owner, trend and status, beside market and competitors.
   * @param {string} [options.at] as of another instant, made afresh; as of the last scoring when left out
   */
  getKpisScorecard({ at } = {}) {
    return this.call("GET", `/v1/kpis/scorecard`, { at }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Figures of the market and of competitors, by subject and indicator.
   */
  getKpisSeries() {
    return this.call("GET", `/v1/kpis/series`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One series.
   * @param {string} subject
   * @param {string} indicator
   */
  getKpisSeriesSubjectIndicator(subject, indicator) {
    return this.call("GET", `/v1/kpis/series/${part(subject)}/${part(indicator)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds the series of an indicator of the market or of a competitor (201), or replaces it.
   * @param {string} subject
   * @param {string} indicator
   * @param {Object|Array|string|Uint8Array} body
   */
  putKpisSeriesSubjectIndicator(subject, indicator, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/kpis/series/${part(subject)}/${part(indicator)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Removes a series.
   * @param {string} subject
   * @param {string} indicator
   */
  deleteKpisSeriesSubjectIndicator(subject, indicator, { idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/kpis/series/${part(subject)}/${part(indicator)}`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Sources of leads, with what the marketer expects of each.
   */
  getKpisSources() {
    return this.call("GET", `/v1/kpis/sources`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds a source of leads (201), or replaces what is expected of it.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putKpisSourcesId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/kpis/sources/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * The targets of indicators, and who answers for each.
   */
  getKpisTargets() {
    return this.call("GET", `/v1/kpis/targets`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The target of one indicator.
   * @param {string} id
   */
  getKpisTargetsId(id) {
    return this.call("GET", `/v1/kpis/targets/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Sets the target of an indicator (201), or replaces it.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putKpisTargetsId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/kpis/targets/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Takes the target of an indicator away.
   * @param {string} id
   */
  deleteKpisTargetsId(id, { idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/kpis/targets/${part(id)}`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Profit and value of the base if retention, margin, a cost or a rate were others, per segment; keeps nothing.
   * @param {Object|Array|string|Uint8Array} body
   */
  postKpisWhatIf(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/kpis/what-if`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Prospects with source, cost and the chance that they become clients.
   * @param {string} [options.source] only this source
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getLeads({ source, cursor, limit } = {}) {
    return this.call("GET", `/v1/leads`, { source, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Records one lead, or an array of them; who is not known becomes a prospect.
   * @param {Object|Array|string|Uint8Array} body
   */
  postLeads(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/leads`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What leads of each source cost, how many became clients, and which rates serve.
   */
  getLeadsSources() {
    return this.call("GET", `/v1/leads/sources`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The person of a lead is this client: both become one customer, for good.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postLeadsIdConvert(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/leads/${part(id)}/convert`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Every fit of every model.
   */
  getModels() {
    return this.call("GET", `/v1/models`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * The version of a model that serves, with its card and its drift.
   * @param {string} id
   */
  getModelsId(id) {
    return this.call("GET", `/v1/models/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Has a version of a model serve that passed its gate; the one before is retired.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postModelsIdPromote(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/models/${part(id)}/promote`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Has the version of a model serve that served before.
   * @param {string} id
   */
  postModelsIdRollback(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/models/${part(id)}/rollback`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * All offers, by name.
   */
  getOffers() {
    return this.call("GET", `/v1/offers`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One offer, and how much of it is left.
   * @param {string} id
   */
  getOffersId(id) {
    return this.call("GET", `/v1/offers/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds an offer (201), or replaces its definition; what is used up stays counted.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putOffersId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/offers/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Adds single-use codes to an offer's list; each is given to one customer at most.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postOffersIdCodes(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/offers/${part(id)}/codes`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * How many customers have bought all goods of the offer's bundle, and how many would by chance.
   * @param {string} id
   */
  getOffersIdTogether(id) {
    return this.call("GET", `/v1/offers/${part(id)}/together`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Records an order or a return; several as NDJSON, all or none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postOrders(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/orders`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * Records what became of a message, or of a proposal in real time, as another system reports it; several as NDJSON.
   * @param {Object|Array|string|Uint8Array} body
   */
  postOutcomes(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/outcomes`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * What the base is worth, who pays for whom, what runs.
   */
  getOverview() {
    return this.call("GET", `/v1/overview`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * What several campaigns would do together, each client left to the one to which they are worth most; nothing is kept.
   * @param {Object|Array|string|Uint8Array} body
   */
  postPlans(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/plans`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Records that a client brought somebody; who is not known becomes a prospect. A person is brought once.
   * @param {Object|Array|string|Uint8Array} body
   */
  postReferrals(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/referrals`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Decisions that wait for a person's word, or in another state: what, for whom, until when and why.
   * @param {string} [options.state] `waiting` when left out, `released`, `refused` or `lapsed`
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getReviews({ state, cursor, limit } = {}) {
    return this.call("GET", `/v1/reviews`, { state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Releases or refuses one, by the id of its delivery; what is refused gives back all it holds.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postReviewsId(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/reviews/${part(id)}`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Starts a run of each of several campaigns, decided together: of all, or of none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postRuns(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/runs`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * The segments: those that a model found with what each is worth, those that a rule defines with how fresh they are, those that were uploaded.
   */
  getSegments() {
    return this.call("GET", `/v1/segments`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Finds customers who resemble the members of a segment, and keeps them as a segment.
   * @param {Object|Array|string|Uint8Array} body
   */
  postSegmentsLookalike(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/segments/lookalike`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * What a segment by rule would be: its count, some members, how many can be written to. Keeps nothing.
   * @param {Object|Array|string|Uint8Array} body
   */
  postSegmentsPreview(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/segments/preview`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * One segment.
   * @param {string} id
   */
  getSegmentsId(id) {
    return this.call("GET", `/v1/segments/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds a segment by rule (201), or replaces its definition, and builds it.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putSegmentsId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/segments/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Removes a segment, by rule or static, that nothing names.
   * @param {string} id
   */
  deleteSegmentsId(id, { ifMatch, idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/segments/${part(id)}`, {}, undefined, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Who entered and who left a segment by rule during the last 30 days, oldest first.
   * @param {string} id
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getSegmentsIdChanges(id, { cursor, limit } = {}) {
    return this.call("GET", `/v1/segments/${part(id)}/changes`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Who is in a segment, and since when.
   * @param {string} id
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getSegmentsIdMembers(id, { cursor, limit } = {}) {
    return this.call("GET", `/v1/segments/${part(id)}/members`, { cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Makes a static segment of a list of the company's own keys (201), or replaces its members. Unknown keys are faults, each with its line.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   * @param {string} [options.title] what people call it
   * @param {boolean} [options.skip_unknown] pass over unknown keys, and name them in the answer
   */
  putSegmentsIdMembers(id, body, { title, skip_unknown, media = "application/json", ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/segments/${part(id)}/members`, { title, skip_unknown }, body, media, ifMatch, idempotencyKey);
  }

  /**
   * Adds a list of keys to a static segment, which is made (201) when there is none.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   * @param {string} [options.title] what people call it
   * @param {boolean} [options.skip_unknown] pass over unknown keys, and name them in the answer
   */
  postSegmentsIdMembers(id, body, { title, skip_unknown, media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/segments/${part(id)}/members`, { title, skip_unknown }, body, media, undefined, idempotencyKey);
  }

  /**
   * Whether messages go out.
   */
  getSending() {
    return this.call("GET", `/v1/sending`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Lets messages go out again.
   */
  postSendingStart({ idempotencyKey } = {}) {
    return this.call("POST", `/v1/sending/start`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Stops every sender before its next message.
   */
  postSendingStop({ idempotencyKey } = {}) {
    return this.call("POST", `/v1/sending/stop`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Records that a contract began, was renewed, changed or ended; several as NDJSON, all or none.
   * @param {Object|Array|string|Uint8Array} body
   */
  postSubscriptions(body, { media = "application/json", idempotencyKey } = {}) {
    return this.call("POST", `/v1/subscriptions`, {}, body, media, undefined, idempotencyKey);
  }

  /**
   * Adds one address that must not be used, or an array of them; only hashes are kept.
   * @param {Object|Array|string|Uint8Array} body
   */
  postSuppressions(body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/suppressions`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Open tasks, oldest first.
   * @param {string} [options.owner] only this person's
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getTasks({ owner, cursor, limit } = {}) {
    return this.call("GET", `/v1/tasks`, { owner, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Says that a task is done.
   * @param {string} id
   */
  postTasksIdClose(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/tasks/${part(id)}/close`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Who is told what happens, and how each does.
   */
  getWebhooks() {
    return this.call("GET", `/v1/webhooks`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * One webhook.
   * @param {string} id
   */
  getWebhooksId(id) {
    return this.call("GET", `/v1/webhooks/${part(id)}`, {}, undefined, "application/json", undefined, undefined);
  }

  /**
   * Adds a webhook (201; the answer shows its secret, and nothing shows it again), or changes one.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  putWebhooksId(id, body, { ifMatch, idempotencyKey } = {}) {
    return this.call("PUT", `/v1/webhooks/${part(id)}`, {}, body, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * Removes a webhook with all that waits for it.
   * @param {string} id
   */
  deleteWebhooksId(id, { ifMatch, idempotencyKey } = {}) {
    return this.call("DELETE", `/v1/webhooks/${part(id)}`, {}, undefined, "application/json", ifMatch, idempotencyKey);
  }

  /**
   * What became of each event, the latest first, with every attempt; dead letters with `state=dead`.
   * @param {string} id
   * @param {string} [options.state] `waiting`, `claimed`, `sent` or `dead`; all when left out
   * @param {string} [options.cursor] the `next` of the page before
   * @param {number} [options.limit] how many items, 1 to 1000; 100 when absent
   */
  getWebhooksIdEvents(id, { state, cursor, limit } = {}) {
    return this.call("GET", `/v1/webhooks/${part(id)}/events`, { state, cursor, limit }, undefined, "application/json", undefined, undefined);
  }

  /**
   * Posts a test at once, and answers what came of it.
   * @param {string} id
   */
  postWebhooksIdPing(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/webhooks/${part(id)}/ping`, {}, undefined, "application/json", undefined, idempotencyKey);
  }

  /**
   * Sends events again: some by id, the dead letters, or all since an instant.
   * @param {string} id
   * @param {Object|Array|string|Uint8Array} body
   */
  postWebhooksIdReplay(id, body, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/webhooks/${part(id)}/replay`, {}, body, "application/json", undefined, idempotencyKey);
  }

  /**
   * Gives a webhook another secret, shown in the answer only.
   * @param {string} id
   */
  postWebhooksIdSecret(id, { idempotencyKey } = {}) {
    return this.call("POST", `/v1/webhooks/${part(id)}/secret`, {}, undefined, "application/json", undefined, idempotencyKey);
  }
}

const part = (value) => encodeURIComponent(String(value));
