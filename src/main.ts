console.log('lab')
