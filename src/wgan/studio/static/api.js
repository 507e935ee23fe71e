// Requests to the studio: each takes the token of the address along.

const HEADER = "X-Wgan-Token";

// The token stands behind the # of the address, which no browser sends. It is kept for this tab
// of the browser, and removed from the address, so that no history or bookmark holds it.
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("wgan-token", given);
    const rest = new URLSearchParams(location.hash.slice(1));
    rest.delete("token");
    history.replaceState(null, "", `${location.pathname}#${rest}`);
  }
  return sessionStorage.getItem("wgan-token") || "";
}

const token = takeToken();

async function answered(response) {
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  if (!response.ok) throw new Error(body?.error ?? `The studio answered ${response.status}.`);
  return body;
}

async function send(path, options) {
  let response;
  try {
    const headers = { [HEADER]: token, ...options.headers };
    response = await fetch(path, { cache: "no-store", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The studio does not answer: is `wgan studio` still running?");
  }
  return answered(response);
}

export const api = {
  /** Return the JSON at a path; `signal` ends the request. */
  get: (path, signal) => send(path, { signal }),

  /** Send a body as JSON and return the answer. */
  post: (path, body = {}, signal) =>
    send(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }),

  /**
   * Call `onMessage` with each event's JSON; return a function that ends the stream.
   *
   * `onState` is told true where the stream is open, false where it is tried again, and null where
   * it was refused: the studio was started again, with another token.
   */
  events(path, onMessage, onState = () => {}) {
    const source = new EventSource(api.address(path));
    source.onopen = () => onState(true);
    source.onerror = () => onState(source.readyState === EventSource.CLOSED ? null : false);
    source.onmessage = (event) => onMessage(JSON.parse(event.data));
    return () => source.close();
  },

  /** Return a path with the token, for pictures and downloads, which can send no header. */
  address(path) {
    const url = new URL(path, location.origin);
    url.searchParams.set("token", token);
    return url.pathname + url.search;
  },

  /** Send a file as it is, and call `onProgress` with the share that was sent. */
  upload(path, file, onProgress = () => {}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", path);
      request.setRequestHeader(HEADER, token);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(1, event.total));
      request.onerror = () => reject(new Error("The file could not be sent."));
      request.onload = () => {
        let body = null;
        try {
          body = JSON.parse(request.responseText);
        } catch {
          body = null;
        }
        if (request.status === 200) resolve(body);
        else reject(new Error(body?.error ?? `The studio answered ${request.status}.`));
      };
      request.send(file);
    });
  },
};
