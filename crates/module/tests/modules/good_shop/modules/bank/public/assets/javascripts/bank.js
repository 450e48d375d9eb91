const host = '<%= &bank-host =%>';
