// Sessions of the Lab: one training at a time for this page, which ends when the page leaves.

const LOST = "The connection was lost, and the training with it: begin again.";
const OTHER = "Something else was begun on this page.";

/** Return a function that opens a session, and ends the one before. */
export function sessions(api) {
  let end = () => {};
  let newest = 0;

  /** Call `onEvent` with each event, and `onEnd` once with the reason when there are no more. */
  return async function open(onEvent, onEnd) {
    const mine = (newest += 1);
    end(OTHER);
    let over = false;
    let stop = () => {};
    const { session } = await api.post("/api/lab/session");
    const path = `/api/lab/session/${session}`;
    if (mine !== newest) {
      api.post(`${path}/close`).catch(() => {});
      throw new Error(OTHER);
    }

    function finish(why) {
      if (over) return;
      over = true;
      stop();
      onEnd(why);
    }

    function close(why) {
      if (!over) api.post(`${path}/close`).catch(() => {});
      finish(why);
    }

    end = close;
    stop = api.events(
      `${path}/events`,
      (event) => {
        if (over) return;
        if (event.kind === "ended") finish(`The training ended: ${event.why}.`);
        else onEvent(event);
      },
      (connected) => connected || finish(LOST),
    );
    return { close, post: (what, body) => api.post(`${path}/${what}`, body) };
  };
}
