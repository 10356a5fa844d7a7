#!/usr/bin/env node

console.error('vmbus: no command yet')
process.exitCode = 2
