import type { LogLine } from './log-line.ts'

/** An element of the page. Throws when there is none of that kind. */
export function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
  return found
}

/** Lines that the log keeps. */
const linesKept = 250

/** What goes over the bus, line by line, in the page's elements `log` and `count`. */
export class ConversationLog {
  readonly #list = element('log', HTMLOListElement)
  readonly #count = element('count', HTMLElement)
  #total = 0

  add({ from, device, name, fields }: LogLine): void {
    this.#total++
    this.#count.textContent = `${this.#total} messages and packets`
    const item = document.createElement('li')
    item.className = from === 'guest' ? 'from-child' : 'from-root'
    for (const text of [from === 'guest' ? 'child → root' : 'root → child', device, name, fields]) {
      const part = document.createElement('span')
      part.textContent = text
      item.append(part)
    }
    const list = this.#list
    const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40
    list.append(item)
    if (list.childElementCount > linesKept) list.firstElementChild?.remove()
    if (isAtEnd) list.scrollTop = list.scrollHeight
  }
}

/** Has the browser keep some bytes as a file. */
export function saveFile(name: string, blob: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
