// Two small comforts of the demo shop: copying a test card, and a region that keeps itself up to date.
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add('copied');
      setTimeout(() => button.classList.remove('copied'), 1200);
    } catch {
      getSelection().selectAllChildren(button); // no clipboard here: select it, so that Ctrl+C works
    }
  });
}

// [data-live="2"] is fetched again from its own page every 2 seconds, while anybody looks.
for (const region of document.querySelectorAll('[data-live]')) {
  const status = document.querySelector('[data-live-status]');
  let shown = region.innerHTML;

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, cache: 'no-store' });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const latest = page.querySelector('[data-live]');
      if (latest && latest.innerHTML !== shown) {
        const known = new Set([...region.querySelectorAll('[data-key]')].map((row) => row.dataset.key));
        shown = latest.innerHTML;
        region.innerHTML = shown;
        for (const row of region.querySelectorAll('[data-key]')) {
          if (!known.has(row.dataset.key)) row.classList.add('fresh');
        }
      }
      status?.classList.remove('paused');
    } catch {
      status?.classList.add('paused');
    }
  }

  setInterval(refresh, Number(region.dataset.live) * 1000);
}
