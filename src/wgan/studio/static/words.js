// What a run is like, in words.

import { duration } from "./dom.js";

export const STATES = {
  starting: "starting",
  training: "training",
  ending: "being measured",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  damaged: "damaged",
};

/** Return what a run is like now, in a few words. */
export function inWords(run) {
  const left = run.seconds_left === null || run.seconds_left === undefined ? "" : `, ${duration(run.seconds_left)} left`;
  const steps = run.steps ? `step ${run.step} of ${run.steps}` : "";
  if (run.state === "training") return `${steps}${left}`;
  if (run.state === "starting") return "reading the data";
  if (run.state === "finished") return `${run.step} steps in ${duration(run.seconds)}`;
  return run.fault ? run.fault : steps;
}
