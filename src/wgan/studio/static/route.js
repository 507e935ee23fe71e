// The part of the address behind the #: which tab is shown, and which run.

/** Return what the address says, such as {tab: "play", run: "digits-wgan-gp-0"}. */
export const route = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Go to a tab, with a run or without. */
export function go(where) {
  location.hash = new URLSearchParams(where).toString();
}

/** Call a function now and whenever the address names a tab. */
export function onTab(name, call) {
  const check = () => {
    const now = route();
    if ((now.tab ?? "runs") === name) call(now);
  };
  addEventListener("hashchange", check);
  check();
}
