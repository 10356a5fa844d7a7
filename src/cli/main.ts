#!/usr/bin/env node

console.log('usage: vmbus COMMAND')
