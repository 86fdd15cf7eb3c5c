// Where the API is.

/** The API's root: the page lies directly below it, also behind a proxy that shows the API under a path. */
export const API_ROOT = new URL("..", import.meta.url);

const told = fetch(new URL("config.json", import.meta.url)).then((response) => response.json());
// Whoever awaits it hears of a failure; without this line the browser would report it once more.
told.catch(() => {});

/**
 * Return the link to a sound as this browser can reach it.
 *
 * The API's own links begin with its public address, which may be `localhost` while this browser is a phone
 * on the same network. The address from which the page came surely works. Other links (S3) stay as they are.
 */
export async function reachable(link) {
  const { public_base_url: publicBase } = await told;
  return link.startsWith(`${publicBase}/`) ? new URL(link.slice(publicBase.length + 1), API_ROOT).href : link;
}
