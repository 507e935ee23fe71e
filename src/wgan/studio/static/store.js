// What the page knows of all runs: summaries and metrics, kept up to date by one stream.

/** Return the store of an api; there is one for a page. */
export function store(api) {
  store.made ??= make(api);
  return store.made;
}

function make(api) {
  const summaries = new Map();
  const lines = new Map(); // by run: metrics that were fetched, and those that followed
  const listeners = new Set();
  const status = document.getElementById("connection");
  const self = { summaries, lines, ready: false };
  let end = null;

  const changed = (names) => listeners.forEach((call) => call(names));

  function take(news) {
    self.ready = news.complete ?? true;
    // The first news of a stream are all there is: a run may have gone while nobody listened.
    const there = new Set(news.runs.map((run) => run.name));
    const gone = news.all ? [...summaries.keys()].filter((name) => !there.has(name)) : news.gone;
    const names = new Set(gone);
    for (const run of news.runs) {
      summaries.set(run.name, run);
      names.add(run.name);
    }
    for (const name of gone) {
      summaries.delete(name);
      lines.delete(name);
    }
    for (const [name, found] of Object.entries(news.lines)) {
      const known = lines.get(name);
      if (!known) continue; // it is fetched whole when it is shown
      if (found.first) known.length = 0;
      const last = known.at(-1)?.step ?? -1;
      known.push(...found.lines.filter((line) => line.step > last));
      names.add(name);
    }
    changed(names);
  }

  function connect() {
    if (end) return;
    end = api.events("/api/events", take, (open) => {
      const lost = open === null ? "refused: open the address that `wgan studio` printed last" : "no connection; trying again";
      status.textContent = open ? "" : lost;
      if (open) lines.forEach((_, name) => fetchLines(name));
    });
  }

  async function fetchLines(name) {
    try {
      const found = await api.get(`/api/run/metrics?name=${encodeURIComponent(name)}`);
      const known = lines.get(name) ?? [];
      const last = found.lines.at(-1)?.step ?? -1;
      lines.set(name, [...found.lines, ...known.filter((line) => line.step > last)]);
      changed(new Set([name]));
    } catch {
      lines.delete(name); // gone, or damaged: its summary says so
    }
  }

  /** Call a function with the names of runs that changed. */
  self.onChange = (call) => listeners.add(call);

  /** Fetch the metrics of a run, once; the stream keeps them up to date. */
  self.want = (name) => {
    if (lines.has(name)) return;
    lines.set(name, []);
    fetchLines(name);
  };

  /** Begin: the list at once, and then the stream, which rests while nobody sees the page. */
  self.begin = async (onFault) => {
    try {
      take({ gone: [], lines: {}, ...(await api.get("/api/runs")) });
      onFault(null);
    } catch (error) {
      onFault(error);
      return;
    }
    connect();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        end?.();
        end = null;
      } else connect();
    });
  };
  return self;
}
