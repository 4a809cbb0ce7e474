// What a job says, from its beginning, whenever the page was opened: each line once and in order.

/**
 * Follow a job. onLines(lines): those that came, in order; onJob(job): what is known of it, once at
 * the start and at each change; onProblem(error). Gives a function that ends it.
 */
export function followJob(id, ctx, { onLines, onJob, onProblem }) {
  let count = 0, over = false, busy = false, more = false;

  function take(lines) {
    const fresh = lines.filter((line) => line.n === undefined || line.n > count);
    for (const line of fresh) if (line.n !== undefined) count = line.n;
    if (fresh.length) onLines(fresh);
  }

  async function pull() {
    more = true;
    if (busy) return;
    busy = true;
    try {
      while (more && !over) {
        more = false;
        const { talk } = await ctx.get(`/api/jobs/${id}/talk?after=${count}`);
        if (over) return;
        take(talk);
        if (talk.length) more = true; // an answer holds so many lines at most
      }
    } catch (error) { if (!over) onProblem(error); } finally { busy = false; }
  }

  async function load() {
    try {
      const { job } = await ctx.get(`/api/jobs/${id}`);
      await pull();
      if (!over) onJob(job);
    } catch (error) { if (!over) onProblem(error); }
  }

  const leave = ctx.subscribe(["jobs", "job"], (message) => {
    if (message.topic === "jobs") {
      const job = message.jobs.find((one) => one.id === id);
      if (job && job.state !== "running") load(); // with all that it has said at last
      else if (job) onJob(job);
      return;
    }
    if (message.id !== id) return;
    const first = message.talk.find((line) => line.n !== undefined);
    if (busy || (first && first.n > count + 1)) pull(); else take(message.talk);
  });
  const watch = ctx.onConnection((open) => { if (open) load(); });
  load();
  return () => { over = true; leave(); watch(); };
}
