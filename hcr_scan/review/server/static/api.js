// What is asked of the server. Every answer is awaited; trouble is an Error with words for people.

export class Trouble extends Error {}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The program does not answer. Is hcr-scan review still running?");
  }
  if (response.ok) return response;
  let words = `The program answered with ${response.status}.`;
  try {
    const said = await response.text();
    words = response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(said).error : said || words;
  } catch {
    // The number alone, then.
  }
  throw new Trouble(words);
}

function address(path, values = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function get(path, values) {
  return (await answer(fetch(address(path, values)))).json();
}

export async function picture(path, values) {
  return (await answer(fetch(address(path, values)))).blob();
}

// What is sent arrives also where the page is closed meanwhile.
export async function post(path, values) {
  const headers = { "Content-Type": "application/json" };
  const options = { method: "POST", keepalive: true, headers, body: JSON.stringify(values) };
  return (await answer(fetch(path, options))).json();
}
